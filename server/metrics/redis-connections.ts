import type { Redis } from 'ioredis'
import { Gauge, type Registry } from 'prom-client'

/** @returns tells of each connection that is opened; it is counted until it is closed for good */
export function trackRedisConnections(registry: Registry): (connection: Redis) => void {
  const connections = new Set<Redis>()
  new Gauge({
    name: 'redis_connections',
    help: 'Connections to Redis by state; not_ready: being opened, or interrupted',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const ready = [...connections].filter(({ status }) => status === 'ready').length
      this.set({ state: 'ready' }, ready)
      this.set({ state: 'not_ready' }, connections.size - ready)
    },
  })
  return (connection) => {
    connections.add(connection)
    connection.once('end', () => connections.delete(connection))
  }
}
