import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { ConfigurationError } from './environment.ts'
import { StartRefusedError } from './errors.ts'

/** One process of the system, as told to whoever started it. */
export interface ProcessInfo {
  readonly kind: 'server' | 'worker' | 'scheduler'
  readonly pid: number
  readonly ops_url: string
}

/** Sent over the IPC channel, if there is one, when everything is ready. */
export interface ReadyMessage {
  readonly type: 'ready'
  /** Where people redeem; null for a process without a public port. */
  readonly url: string | null
  readonly processes: readonly ProcessInfo[]
}

export function announceReady(message: ReadyMessage, logger: Logger): void {
  logger.info({ url: message.url, processes: message.processes }, 'ready')
  process.send?.(message)
}

/**
 * Closes on SIGTERM, SIGINT, an uncaught error, or when the parent that holds the IPC channel is gone.
 * @param steps run in order, each even when one before it failed
 * @returns closes as well, and ends the process
 */
export function closeGracefully(
  logger: Logger,
  delayMs: number,
  ...steps: (() => Promise<unknown> | unknown)[]
): () => void {
  const { close } = closeWithGrace({ delay: delayMs, logger: false }, async ({ err, signal }) => {
    if (err) logger.fatal({ err }, 'closing after an error')
    else logger.info({ signal }, 'closing')
    for (const step of steps) {
      try {
        await step()
      } catch (error) {
        logger.warn({ err: error }, 'closing: a step failed')
      }
    }
  })
  process.once('disconnect', close)
  return close
}

/** Ends a process that could not start: 2 for a faulty environment, 3 when a part of the system cannot be reached. */
export function exitWith(kind: string, error: unknown): never {
  const isFault = error instanceof ConfigurationError
  process.stderr.write(`redline ${kind}: ${describeCauses(error)}\n`)
  if (!isFault && !(error instanceof StartRefusedError)) process.stderr.write(`${(error as Error).stack ?? ''}\n`)
  process.exit(isFault ? 2 : 3)
}

/** The message and those of its causes: Sequelize's stacks, for one, do not hold their messages. */
function describeCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const because = error.cause === undefined ? '' : `, because: ${describeCauses(error.cause)}`
  return `${error.message || error.name}${because}`
}
