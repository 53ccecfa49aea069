import { Gauge, type Registry } from 'prom-client'
import type { CommonConfig } from './config.ts'
import { refuseTooManyConnections } from './db/connection-budget.ts'
import type { Database } from './db/database.ts'
import { gaugeFrom } from './metrics/gauge-from.ts'
import type { Metrics } from './metrics/metrics.ts'
import { exposeBuild } from './metrics/runtime.ts'
import { type ConnectOptions, checkRedis, connectRedis, untilReady } from './redis/connect.ts'
import type { Keys } from './redis/keys.ts'
import {
  listProcesses,
  type ProcessDescription,
  type RegisteredProcess,
  registerProcess,
} from './redis/process-registry.ts'
import type { Breaker } from './resilience/breaker.ts'
import type { Probe } from './resilience/probe.ts'
import { exposeBreakers, watchDependencies } from './resilience/watch-dependencies.ts'
import { VERSION } from './version.ts'

const REDIS_READY_MS = 10_000
/** A Postgres that answered anything lately is there, also when its pool is too busy to be asked. */
const ANSWERED_MS = 5_000

export interface JoinParts {
  readonly config: CommonConfig
  readonly kind: ProcessDescription['kind']
  readonly poolMax: number
  readonly concurrency?: number
  readonly db: Database
  readonly connection: ConnectOptions
  readonly keys: Keys
  readonly metrics: Metrics
  readonly breakers: readonly Breaker[]
  /** What this process depends on beside Postgres and Redis. */
  readonly probes?: Readonly<Record<string, Probe>>
}

export interface Membership {
  /** Tells the others where this process can be asked. */
  announce(opsUrl: string): Promise<void>
  /** All processes that are alive. @throws when Redis cannot be asked */
  list(): Promise<RegisteredProcess[]>
  close(): Promise<void>
}

/**
 * Makes a process one of the system: it stands in the registry, watches what it depends on, and exposes both. This has a
 * connection of its own, so that it is not counted as anybody's work.
 * @throws StartRefusedError when there would be too many connections to Postgres with this process
 */
export async function joinSystem(parts: JoinParts): Promise<Membership> {
  const { config, kind, db, keys, metrics } = parts
  const redis = connectRedis({ ...parts.connection, cause: 'background' })
  try {
    await untilReady(redis, REDIS_READY_MS)
    const registration = await registerProcess(
      { redis, keys },
      {
        kind,
        ops_url: '',
        pool_max: parts.poolMax,
        concurrency: parts.concurrency ?? null,
        mode: config.LIMITER_MODE,
      },
    )
    const list = () => listProcesses({ redis, keys })
    await refuseTooManyConnections(db.sequelize, list).catch(async (error: unknown) => {
      await registration.close()
      throw error
    })
    const watch = watchDependencies(metrics.registry, {
      redis: () => checkRedis(redis),
      postgres: async () => {
        if (Date.now() - db.answeredAt() > ANSWERED_MS) await db.sequelize.authenticate({ logging: false })
      },
      ...parts.probes,
    })
    exposeBreakers(metrics.registry, parts.breakers)
    exposeBuild(metrics.registry, { version: VERSION, kind, mode: config.LIMITER_MODE })
    if (kind === 'scheduler') exposeProcesses(metrics, list)
    return {
      announce: (opsUrl) => registration.tell({ ops_url: opsUrl }),
      list,
      async close() {
        watch.close()
        await registration.close()
        redis.disconnect()
      },
    }
  } catch (error) {
    redis.disconnect()
    throw error
  }
}

const KINDS = ['server', 'worker', 'scheduler'] as const

/** What the scheduler tells of all processes: while Redis is away nobody knows, so no number then. */
function exposeProcesses({ registry }: Metrics, list: () => Promise<RegisteredProcess[]>): void {
  const count = async (kind: string) => (await list()).filter((process) => process.kind === kind).length
  gaugeFrom(registry, { name: 'processes_up', help: 'Processes that are alive, by kind', label: 'kind' }, async () =>
    Object.fromEntries(await Promise.all(KINDS.map(async (kind) => [kind, await count(kind)] as const))),
  )
  const workers = async () => (await list()).filter(({ kind }) => kind === 'worker')
  exposeNumber(registry, 'worker_up', 'Workers that are alive', async () => (await workers()).length)
  exposeNumber(
    registry,
    'worker_last_start_timestamp_seconds',
    'When the youngest worker that is alive was started; each change is a start or an end',
    async () => {
      const starts = (await workers()).map(({ started_at: startedAt }) => Date.parse(startedAt) / 1_000)
      return starts.length > 0 ? Math.max(...starts) : undefined
    },
  )
}

/** @param read undefined: not known */
function exposeNumber(registry: Registry, name: string, help: string, read: () => Promise<number | undefined>): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.remove()
      const value = await read().catch(() => undefined)
      if (value !== undefined) this.set(value)
    },
  })
}
