import { Counter, Gauge } from 'prom-client'
import type { Database } from '../db/database.ts'
import { gaugeFrom } from './gauge-from.ts'
import type { Metrics } from './metrics.ts'

/** Exposes the pool of a process, and that of the replica where there is one. */
export function exposePools({ registry }: Metrics, db: Database, poolMax: number): void {
  const pool = { name: 'db_pool_connections', help: 'Connections of the pool by state', label: 'state' }
  gaugeFrom(registry, pool, () => ({ ...db.pool() }))
  new Gauge({
    name: 'db_pool_max_connections',
    help: 'Most connections that the pool may have',
    registers: [registry],
  }).set(poolMax)
  new Counter({
    name: 'db_pool_busy_seconds_total',
    help: 'Seconds of connections in use, by the count of the pool itself: its rate is how many are in use in the mean',
    registers: [registry],
    collect() {
      this.reset()
      this.inc(db.busySeconds())
    },
  })
  if (!db.hasReplica) return
  const readPool = { name: 'db_read_pool_connections', help: 'Connections to the replica by state', label: 'state' }
  gaugeFrom(registry, readPool, () => ({ ...db.readPool() }))
}
