import cluster from 'node:cluster'
import { serverConfig } from './config.ts'
import { parseEnvironment } from './environment.ts'
import { announceReady, closeGracefully, exitWith } from './lifecycle.ts'
import { createLogger } from './logger.ts'
import { startProcessGroup } from './process-group.ts'
import { startServer } from './start-server.ts'
import { startTracing } from './tracing/start-tracing.ts'

const CLOSE_MS = 10_000

async function main(): Promise<void> {
  const config = parseEnvironment(serverConfig, process.env)
  const logger = createLogger(config.LOG_LEVEL, 'server')
  if (config.SERVER_PROCESSES > 1 && cluster.isPrimary) {
    const fork = (index: number) => cluster.fork({ SERVER_INDEX: String(index) }).process
    const group = await startProcessGroup({ size: config.SERVER_PROCESSES, logger, fork })
    closeGracefully(logger, CLOSE_MS, group.close)
    announceReady({ type: 'ready', url: group.url, processes: group.processes }, logger)
    return
  }
  const tracing = await startTracing(config, 'server')
  const server = await startServer(config, logger)
  closeGracefully(logger, CLOSE_MS, server.close, tracing.close)
  const processes = [{ kind: 'server', pid: process.pid, ops_url: server.opsUrl }] as const
  announceReady({ type: 'ready', url: server.url, processes }, logger)
}

main().catch((error: unknown) => exitWith('server', error))
