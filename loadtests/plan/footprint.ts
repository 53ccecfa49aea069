import { z } from 'zod'
import type { Profile } from '../run-file.ts'

const bytes = z.number().nonnegative()

/** What the processes of one measured size took, besides CPU. */
export const footprintSchema = z.object({
  /** Of one process each; Postgres and Redis as a whole. */
  memory: z.object({ server: bytes, worker: bytes, scheduler: bytes, postgres: bytes, redis: bytes }),
  /** Connections that Postgres had then. */
  connections: z.number().int().positive(),
  /** Of one redemption, request and answer with their headers; null where nobody counted. */
  wire: z.object({ sent: bytes, received: bytes }).nullable(),
})
export type Footprint = z.infer<typeof footprintSchema>

/** Every process has a pool of its own. */
export function connectionsOf({ servers, workers, pool }: Profile): number {
  return (servers + workers + 1) * pool
}

/**
 * Memory of all processes of a profile. Postgres is taken to grow with its connections, never to be smaller than it was
 * measured: more than it will really take.
 */
export function memoryOf(footprint: Footprint, profile: Profile): number {
  const { memory, connections } = footprint
  const growth = Math.max(1, connectionsOf(profile) / connections)
  return processMemoryOf(footprint, profile) + growth * memory.postgres + memory.redis
}

/** Without the stores. */
export function processMemoryOf({ memory }: Footprint, { servers, workers }: Profile): number {
  return servers * memory.server + workers * memory.worker + memory.scheduler
}

/** The direction that is fuller, in Mbit/s; null where nobody counted. */
export function bandwidthOf({ wire }: Footprint, rate: number): number | null {
  return wire === null ? null : (rate * Math.max(wire.sent, wire.received) * 8) / 1e6
}
