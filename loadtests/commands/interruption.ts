/** A run that a signal ends: what was measured is kept. */
export interface Interruption {
  readonly signal: AbortSignal
  /** 130 for SIGINT, 143 for SIGTERM; undefined while nothing came. */
  readonly exitCode: number | undefined
  dispose(): void
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** Turns the first SIGINT or SIGTERM into an abort; later ones are only acknowledged, the clearing up goes on. */
export function watchInterruption(): Interruption {
  const controller = new AbortController()
  let exitCode: number | undefined
  const onSignal = (name: NodeJS.Signals) => {
    const first = exitCode === undefined
    exitCode ??= EXIT_CODES[name as keyof typeof EXIT_CODES]
    process.stderr.write(first ? `\n${name}: stopping, what was measured is kept\n` : 'still stopping\n')
    controller.abort(new Error(`interrupted by ${name}`))
  }
  for (const name of Object.keys(EXIT_CODES)) process.on(name, onSignal)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    dispose() {
      for (const name of Object.keys(EXIT_CODES)) process.off(name, onSignal)
    },
  }
}
