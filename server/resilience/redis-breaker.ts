import { ReplyError } from 'ioredis'
import { type Breaker, createBreaker } from './breaker.ts'

const PAUSE_MS = 1_000
/** Answers of a Redis that cannot serve yet, or not any more; any other error that it tells is about the command. */
const NOT_SERVING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|MISCONF)/

/** What may share the breaker of its process; without one it has its own. */
export interface Guarded {
  readonly breaker?: Breaker
}

export const createRedisBreaker = (): Breaker =>
  createBreaker({ dependency: 'redis', isOutage: isRedisOutage, pauseMs: PAUSE_MS })

export const createQueueBreaker = (): Breaker =>
  createBreaker({ dependency: 'queue', isOutage: isRedisOutage, pauseMs: PAUSE_MS })

function isRedisOutage(error: unknown): boolean {
  return !(error instanceof ReplyError) || NOT_SERVING.test((error as Error).message)
}
