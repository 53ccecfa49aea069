import type { Logger } from 'pino'
import type { z } from 'zod'
import type { CommonConfig } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { announceReady, closeGracefully, exitWith, type ProcessInfo } from '../server/lifecycle.ts'
import { createLogger } from '../server/logger.ts'
import { startTracing } from '../server/tracing/start-tracing.ts'

/** Longer than a mail may take: jobs under way end before the process does. */
const CLOSE_MS = 20_000
/** Its processes end first. */
const PARENT_CLOSE_MS = 25_000

export interface RunningProcess {
  readonly opsUrl: string
  close(): Promise<void>
}

/** A parent of such processes. */
export interface RunningProcesses {
  readonly processes: readonly ProcessInfo[]
  close(): Promise<void>
}

/**
 * The life of a process without a public port, or of a parent of such: environment, start, ready, and its end.
 * @param start gets a function to call when the process shall end, to be replaced by its parent
 */
export function runProcess<Schema extends z.ZodType<CommonConfig>>(
  kind: 'worker' | 'scheduler',
  schema: Schema,
  start: (
    config: Readonly<z.output<Schema>>,
    logger: Logger,
    onWorn: () => void,
  ) => Promise<RunningProcess | RunningProcesses>,
): void {
  const run = async () => {
    const config = parseEnvironment(schema, process.env)
    const logger = createLogger(config.LOG_LEVEL, kind)
    const worn = new AbortController()
    const tracing = await startTracing(config, kind)
    const running = await start(config, logger, () => worn.abort())
    const isParent = 'processes' in running
    const close = closeGracefully(logger, isParent ? PARENT_CLOSE_MS : CLOSE_MS, running.close, tracing.close)
    const processes = isParent ? running.processes : [{ kind, pid: process.pid, ops_url: running.opsUrl }]
    announceReady({ type: 'ready', url: null, processes }, logger)
    onAbort(worn.signal, () => {
      process.send?.({ type: 'worn' })
      close()
    })
  }
  run().catch((error: unknown) => exitWith(kind, error))
}

/** Also when it was aborted already: a process may be worn before it is ready. */
function onAbort(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener()
  else signal.addEventListener('abort', listener, { once: true })
}
