import type { Logger } from 'pino'
import type { z } from 'zod'
import type { CommonConfig } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { announceReady, closeGracefully, exitWith } from '../server/lifecycle.ts'
import { createLogger } from '../server/logger.ts'

/** Longer than a mail may take: jobs under way end before the process does. */
const CLOSE_MS = 20_000

export interface RunningProcess {
  readonly opsUrl: string
  close(): Promise<void>
}

/** The life of a process without a public port: environment, start, ready, and its end. */
export function runProcess<Schema extends z.ZodType<CommonConfig>>(
  kind: 'worker' | 'scheduler',
  schema: Schema,
  start: (config: Readonly<z.output<Schema>>, logger: Logger) => Promise<RunningProcess>,
): void {
  const run = async () => {
    const config = parseEnvironment(schema, process.env)
    const logger = createLogger(config.LOG_LEVEL, kind)
    const running = await start(config, logger)
    closeGracefully(logger, CLOSE_MS, running.close)
    announceReady(
      { type: 'ready', url: null, processes: [{ kind, pid: process.pid, ops_url: running.opsUrl }] },
      logger,
    )
  }
  run().catch((error: unknown) => exitWith(kind, error))
}
