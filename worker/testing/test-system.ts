import { onTestFinished } from 'vitest'
import { serverConfig } from '../../server/config.ts'
import { parseEnvironment } from '../../server/environment.ts'
import { createLogger } from '../../server/logger.ts'
import { type RunningServer, startServer } from '../../server/start-server.ts'
import type { TestStores } from '../../server/testing/test-stores.ts'
import { schedulerConfig, workerConfig } from '../config.ts'
import type { RunningProcess } from '../run-process.ts'
import { startScheduler } from '../start-scheduler.ts'
import { startWorker } from '../start-worker.ts'

export interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: Record<string, unknown>
}

/** Starts the parts of the system, each as its process does, on the stores of a test file. */
export interface TestSystem {
  /** Every log line of every part. */
  readonly logs: readonly string[]
  environment(overrides?: Record<string, string>): Record<string, string>
  startServer(overrides?: Record<string, string>): Promise<RunningServer>
  startScheduler(overrides?: Record<string, string>): Promise<RunningProcess>
  startWorker(overrides?: Record<string, string>): Promise<RunningProcess>
  /** How many redemptions of a code stand in each status. */
  countByStatus(code: string): Promise<Record<string, number>>
}

/** What it starts stops when the test has finished. */
export function createTestSystem(stores: TestStores, given: Record<string, string>): TestSystem {
  const logs: string[] = []
  const logger = createLogger('debug', 'test', { write: (line) => void logs.push(line) })
  const environment = (overrides: Record<string, string> = {}) => ({
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl,
    REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
    LEDGER_SHARDS: String(stores.keys.shards),
    DB_POOL_MAX: '5',
    PORT: '0',
    SWEEP_INTERVAL_MS: '50',
    SWEEP_QUIET_SECONDS: '1',
    IP_LIMIT_PER_MINUTE: '0',
    FAILED_TRIES_PER_MINUTE: '0',
    ...given,
    ...overrides,
  })
  function stopLater<Running extends { close(): Promise<void> }>(running: Running): Running {
    onTestFinished(() => running.close())
    return running
  }
  return {
    logs,
    environment,
    startServer: async (overrides) =>
      stopLater(await startServer(parseEnvironment(serverConfig, environment(overrides)), logger)),
    startScheduler: async (overrides) =>
      stopLater(await startScheduler(parseEnvironment(schedulerConfig, environment(overrides)), logger)),
    startWorker: async (overrides) =>
      stopLater(await startWorker(parseEnvironment(workerConfig, environment(overrides)), logger)),
    async countByStatus(code) {
      const rows = await stores.sql<{ status: string; count: number }>(
        'SELECT status, count(*)::int AS count FROM redemptions WHERE code = $1 GROUP BY status',
        [code],
      )
      return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
    },
  }
}

export async function post(
  url: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(new URL(`/api/v1/public/${path}`, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as Record<string, unknown>
  return { status: response.status, retryAfter: response.headers.get('retry-after'), body: answer }
}
