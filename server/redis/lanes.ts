import { type ConnectOptions, connectRedis, type RedisClient } from './connect.ts'
import { type RunId, trackRunId } from './run-id.ts'

/** A connection and the Redis at its other end: a script must be sent with the run id that this very connection read. */
export interface Lane {
  readonly redis: RedisClient
  readonly runId: RunId
}

/** Connections that commands without an order among each other are spread over. */
export interface Lanes {
  /** The next one in turn. A command and its repeats keep to one lane: on another the repeat could overtake it. */
  next(): Lane
}

/** @param first the connection that exists already: one lane is no more than it */
export function spreadOver(first: Lane, others: readonly Lane[] = []): Lanes {
  const lanes = [first, ...others]
  let turn = 0
  return {
    next() {
      turn = (turn + 1) % lanes.length
      return lanes[turn] as Lane
    },
  }
}

/** Opens so many more connections. */
export function openLanes(count: number, connection: ConnectOptions): Lane[] {
  return Array.from({ length: count }, () => {
    const redis = connectRedis(connection)
    return { redis, runId: trackRunId(redis) }
  })
}
