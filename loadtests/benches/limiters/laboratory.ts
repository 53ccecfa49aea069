import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { createDatabase, type Database } from '../../../server/db/database.ts'
import { migrateUp } from '../../../server/db/migrate.ts'
import { createMetrics, type Metrics } from '../../../server/metrics/metrics.ts'
import { startPostgres } from '../../sut/postgres.ts'
import { startRedis } from '../../sut/redis.ts'
import { createRunDirectory } from '../../sut/run-directory.ts'
import type { Store } from '../../sut/store.ts'

/** A Redis and a Postgres of our own for the bench. */
export interface Laboratory {
  readonly redisUrl: string
  readonly db: Database
  readonly metrics: Metrics
  /** Another Redis, empty, on the port of the one before: what was in memory is gone. */
  restartRedis(): Promise<void>
  /** Commands that Redis ran, those within scripts included. */
  countCommands(): Promise<number>
  close(): Promise<void>
}

export async function openLaboratory(): Promise<Laboratory> {
  const directory = createRunDirectory(`limiters-${randomBytes(6).toString('hex')}`)
  const stores = await Promise.allSettled([startPostgres({ directory }), startRedis({ directory })])
  const stopAll = async (stores: readonly (Store | undefined)[]) => {
    await Promise.all(stores.map((store) => store?.stop()))
    await directory.remove()
  }
  const [postgres, firstRedis] = stores.map((store) => (store.status === 'fulfilled' ? store.value : undefined))
  if (postgres === undefined || firstRedis === undefined) {
    await stopAll([postgres, firstRedis])
    throw stores.find((store) => store.status === 'rejected')?.reason
  }
  let redis = firstRedis
  const port = Number(new URL(redis.url).port)
  const metrics = createMetrics()
  const timeouts = { poolMax: 5, acquireMs: 10_000, statementTimeoutMs: 10_000 }
  const db = createDatabase({ url: postgres.url, ...timeouts, cause: 'request', metrics })
  await migrateUp(db.sequelize)
  let restarts = 0

  return {
    redisUrl: redis.url,
    db,
    metrics,
    async restartRedis() {
      await redis.stop()
      redis = await startRedis({ directory, port, name: `redis-${++restarts}` })
    },
    async countCommands() {
      const client = new Redis(redis.url)
      const info = await client.info('stats').finally(() => client.disconnect())
      return Number(/^total_commands_processed:(\d+)/m.exec(info)?.[1])
    },
    async close() {
      await db.close()
      await stopAll([postgres, redis])
    },
  }
}
