import type { Point } from '../points/points-file.ts'
import type { LimiterMode, Profile } from '../run-file.ts'

/** What the model is calibrated on: nothing that is foretold afterwards. */
const PROFILE: Profile = { servers: 1, workers: 1, concurrency: 100, pool: 40, semaphore: 10, redis_connections: 1 }
const LATENCY_MS = 20
const COMMON = {
  profile: PROFILE,
  codes: 1,
  polls: 0,
  think_ms: 0,
  arrivals: null,
  db_latency_ms: LATENCY_MS,
  redis_latency_ms: LATENCY_MS,
  drain: 'paused' as const,
  warm_up: 1,
  duration: 5,
}

/** The modes that are calibrated. */
export const CALIBRATED_MODES = ['none', 'redis-semaphore', 'token-bucket'] as const
export type CalibratedMode = (typeof CALIBRATED_MODES)[number]

/** Whose demands each mode has. */
export const DEMANDS_OF: Readonly<Record<LimiterMode, CalibratedMode>> = {
  none: 'none',
  'in-process': 'none',
  'redis-semaphore': 'redis-semaphore',
  'token-bucket': 'token-bucket',
}

const CALIBRATION_CONNECTIONS = [1, 5, 20] as const

/** From one connection alone to as many as have the system at work. */
export function calibrationPoints(mode: CalibratedMode): Point[] {
  return CALIBRATION_CONNECTIONS.map((connections) => ({
    ...COMMON,
    name: `${mode}: ${connections === 1 ? '1 connection' : `${connections} connections`}`,
    mode,
    connections,
    // On one code its row's lock would be all that is seen.
    ...(mode === 'redis-semaphore' && { codes: 500 }),
    // A bucket takes many in little time, and all of them are drained.
    ...(mode === 'token-bucket' && connections > 1 && { duration: 2 }),
  }))
}

type Choices = Partial<Omit<Point, 'profile' | 'mode'>> & { readonly size?: Partial<Profile> }

function heldOut(mode: LimiterMode, name: string, { size, ...choices }: Choices): Point {
  const profile = { ...PROFILE, ...size }
  return { ...COMMON, connections: 1, ...choices, name: `${mode}: ${name}`, mode, profile }
}

/** People who come at random, while all is drained. */
function open(rate: number, seed: number): Pick<Point, 'arrivals' | 'drain' | 'connections' | 'duration'> {
  return { arrivals: { model: 'poisson', rate, seed }, drain: 'running', connections: 500, duration: 10 }
}

/**
 * Other modes, pools, processes, workers, users and latencies of the stores: none of them is calibrated on. Most wait for
 * stores and places, two for the CPU: those hardly feel, these feel most how fast a shared machine happens to be.
 */
export const HELD_OUT: readonly Point[] = [
  // A small pool drains slowly as well: what is accepted in three seconds takes half a minute.
  heldOut('none', 'pool 3, 9 connections', { connections: 9, duration: 3, size: { pool: 3 } }),
  heldOut('none', 'pool 4, 16 connections, Postgres 40 ms away', {
    connections: 16,
    db_latency_ms: 40,
    duration: 3,
    size: { pool: 4 },
  }),
  heldOut('none', '4 connections, Postgres 40 ms away', { connections: 4, db_latency_ms: 40 }),
  heldOut('none', '2 servers of pool 2, 12 connections, Postgres 40 ms away', {
    connections: 12,
    db_latency_ms: 40,
    duration: 3,
    size: { servers: 2, pool: 2 },
  }),
  heldOut('none', '30 people/s, drained, Postgres 40 ms away', { ...open(30, 4), db_latency_ms: 40 }),
  heldOut('none', '16 connections, Postgres 3 ms away (CPU)', { connections: 16, db_latency_ms: 3, duration: 3 }),
  heldOut('in-process', 'semaphore 3, 12 connections, Postgres 40 ms away', {
    connections: 12,
    db_latency_ms: 40,
    size: { semaphore: 3 },
  }),
  heldOut('in-process', '2 servers of semaphore 2, 16 connections, Postgres 30 ms away', {
    connections: 16,
    db_latency_ms: 30,
    size: { servers: 2, semaphore: 2 },
  }),
  heldOut('in-process', '30 people/s, drained', open(30, 1)),
  heldOut('redis-semaphore', 'semaphore 2, 6 connections, Postgres 30 ms away', {
    connections: 6,
    db_latency_ms: 30,
    size: { semaphore: 2 },
  }),
  heldOut('redis-semaphore', '500 codes, semaphore 3, 9 connections, Redis 5 ms away', {
    connections: 9,
    codes: 500,
    redis_latency_ms: 5,
    size: { semaphore: 3 },
  }),
  heldOut('token-bucket', '4 connections, Redis 30 ms away', {
    connections: 4,
    redis_latency_ms: 30,
    duration: 3,
  }),
  heldOut('token-bucket', '10 connections, Redis 40 ms away', { connections: 10, redis_latency_ms: 40, duration: 2 }),
  heldOut('token-bucket', '40 people/s, drained by 2 workers', { ...open(40, 2), size: { workers: 2 } }),
  heldOut('token-bucket', '60 people/s, drained, 2 servers, Redis 30 ms away', {
    ...open(60, 3),
    redis_latency_ms: 30,
    size: { servers: 2 },
  }),
  heldOut('token-bucket', '12 connections, Redis 5 ms away (CPU)', {
    connections: 12,
    redis_latency_ms: 5,
    duration: 2,
  }),
]
