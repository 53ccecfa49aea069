import { Gauge } from 'prom-client'
import type { CommonConfig } from './config.ts'
import { refuseTooManyConnections } from './db/connection-budget.ts'
import type { Database } from './db/database.ts'
import { gaugeFrom } from './metrics/gauge-from.ts'
import type { Metrics } from './metrics/metrics.ts'
import { type ConnectOptions, checkRedis, connectRedis, untilReady } from './redis/connect.ts'
import type { Keys } from './redis/keys.ts'
import { listProcesses, type ProcessDescription, registerProcess } from './redis/process-registry.ts'
import type { Breaker } from './resilience/breaker.ts'
import type { Probe } from './resilience/probe.ts'
import { exposeBreakers, watchDependencies } from './resilience/watch-dependencies.ts'

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
    if (kind === 'scheduler') exposeProcesses(metrics, list)
    return {
      announce: (opsUrl) => registration.tell({ ops_url: opsUrl }),
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

function exposeProcesses({ registry }: Metrics, list: () => Promise<{ kind: string }[]>): void {
  const count = async (kind: string) => (await list()).filter((process) => process.kind === kind).length
  gaugeFrom(registry, { name: 'processes_up', help: 'Processes that are alive, by kind', label: 'kind' }, async () =>
    Object.fromEntries(await Promise.all(KINDS.map(async (kind) => [kind, await count(kind)] as const))),
  )
  new Gauge({
    name: 'worker_up',
    help: 'Workers that are alive',
    registers: [registry],
    async collect() {
      // While Redis is away nobody knows: no number then, rather than a wrong one.
      this.remove()
      await count('worker').then(
        (workers) => this.set(workers),
        () => {},
      )
    },
  })
}
