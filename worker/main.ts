import { parseEnvironment } from '../server/environment.ts'
import { announceReady, closeGracefully, exitWith } from '../server/lifecycle.ts'
import { createLogger } from '../server/logger.ts'
import { workerConfig } from './config.ts'
import { startWorker } from './start-worker.ts'

/** Longer than a mail may take: jobs under way end before the process does. */
const CLOSE_MS = 20_000

async function main(): Promise<void> {
  const config = parseEnvironment(workerConfig, process.env)
  const logger = createLogger(config.LOG_LEVEL, 'worker')
  const running = await startWorker(config, logger)
  closeGracefully(logger, CLOSE_MS, running.close)
  const processes = [{ kind: 'worker', pid: process.pid, ops_url: running.opsUrl }] as const
  announceReady({ type: 'ready', url: null, processes }, logger)
}

main().catch((error: unknown) => exitWith('worker', error))
