import { serverConfig } from '../config.ts'
import { parseEnvironment } from '../environment.ts'
import { createLogger } from '../logger.ts'
import { type RunningServer, startServer } from '../start-server.ts'
import type { TestStores } from './test-stores.ts'

/** A real server on the stores of a test file, in mode `none`: what is accepted stands in Postgres at once. */
export function startTestServer(stores: TestStores, environment: Record<string, string> = {}): Promise<RunningServer> {
  const config = parseEnvironment(serverConfig, {
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl,
    REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
    LEDGER_SHARDS: String(stores.keys.shards),
    LIMITER_MODE: 'none',
    PORT: '0',
    IP_LIMIT_PER_MINUTE: '0',
    FAILED_TRIES_PER_MINUTE: '0',
    DB_POOL_MAX: '5',
    ...environment,
  })
  return startServer(config, createLogger('silent', 'server'))
}
