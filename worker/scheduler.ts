import { parseEnvironment } from '../server/environment.ts'
import { announceReady, closeGracefully, exitWith } from '../server/lifecycle.ts'
import { createLogger } from '../server/logger.ts'
import { schedulerConfig } from './config.ts'
import { startScheduler } from './start-scheduler.ts'

/** Longer than a mail may take: jobs under way end before the process does. */
const CLOSE_MS = 20_000

async function main(): Promise<void> {
  const config = parseEnvironment(schedulerConfig, process.env)
  const logger = createLogger(config.LOG_LEVEL, 'scheduler')
  const running = await startScheduler(config, logger)
  closeGracefully(logger, CLOSE_MS, running.close)
  const processes = [{ kind: 'scheduler', pid: process.pid, ops_url: running.opsUrl }] as const
  announceReady({ type: 'ready', url: null, processes }, logger)
}

main().catch((error: unknown) => exitWith('scheduler', error))
