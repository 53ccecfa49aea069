import { FAULT_EXIT_CODE, InterruptedError } from '../errors.ts'

/** Work that a signal or a fault of ours ends in good order: all that was started is stopped, what was measured is kept. */
export interface Interruption {
  /** Aborts with an InterruptedError, or with the fault. */
  readonly signal: AbortSignal
  /** 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP, 70 for a fault; undefined while nothing came. */
  readonly exitCode: number | undefined
  dispose(): void
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type EndSignal = keyof typeof EXIT_CODES
const END_SIGNALS = Object.keys(EXIT_CODES) as EndSignal[]
/** Ctrl-C reaches us twice where npm passes it on as well. */
const SAME_SIGNAL_MS = 1_000
const PARENT_POLL_MS = 500

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort; later ones are only acknowledged, the clearing up goes on. An
 * error that nobody caught does the same, because without it stores and servers would stay behind; so does the end of
 * the npm that runs us, because nobody could stop us any more.
 * @param promise what is said to the person who sent the signal
 */
export function watchInterruption(promise: string): Interruption {
  const controller = new AbortController()
  let exitCode: number | undefined
  let endedAt = 0
  const end = (code: number, line: string, reason: Error) => {
    if (exitCode === undefined) process.stderr.write(line)
    else if (performance.now() - endedAt > SAME_SIGNAL_MS) process.stderr.write('still stopping\n')
    exitCode ??= code
    endedAt ||= performance.now()
    controller.abort(reason)
  }
  const onSignal = (name: NodeJS.Signals) => {
    const code = EXIT_CODES[name as EndSignal]
    end(code, `\n${name}: stopping, ${promise}\n`, new InterruptedError(name, code))
  }
  const onFault = (error: Error) => end(FAULT_EXIT_CODE, `\na fault of our own, stopping:\n${error.stack}\n`, error)
  for (const name of END_SIGNALS) process.on(name, onSignal)
  process.on('uncaughtException', onFault)
  const stopWatching = watchNpm(() => onSignal('SIGHUP'))
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    dispose() {
      for (const name of END_SIGNALS) process.off(name, onSignal)
      process.off('uncaughtException', onFault)
      stopWatching()
    },
  }
}

/** Calls back when the npm that started us is gone. Without npm, a parent that ends is no reason to stop. */
function watchNpm(onEnd: () => void): () => void {
  if (process.env['npm_lifecycle_event'] === undefined) return () => undefined
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    onEnd()
  }, PARENT_POLL_MS).unref()
  return () => clearInterval(timer)
}
