import type { Point } from '../points/points-file.ts'
import type { LimiterMode, Profile } from '../run-file.ts'
import { WARM_UP_PEOPLE } from '../scenarios/scenario.ts'

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
  warm_up_people: WARM_UP_PEOPLE,
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
/** People per second that are drained as they come, in the modes whose drain is foretold. */
const DRAINED_RATES: Readonly<Record<CalibratedMode, readonly number[]>> = {
  none: [15, 60],
  'redis-semaphore': [],
  'token-bucket': [15, 60],
}

/** From one connection alone to as many as have the system at work, and some people with all that follows them. */
export function calibrationPoints(mode: CalibratedMode): Point[] {
  const closed = CALIBRATION_CONNECTIONS.map((connections) => ({
    ...COMMON,
    name: `${mode}: ${connections === 1 ? '1 connection' : `${connections} connections`}`,
    mode,
    connections,
    // On one code its row's lock would be all that is seen.
    ...(mode === 'redis-semaphore' && { codes: 500 }),
    // A bucket takes many in little time, and all of them are drained.
    ...(mode === 'token-bucket' && connections > 1 && { duration: 2 }),
  }))
  const drained = DRAINED_RATES[mode].map((rate) => ({
    ...COMMON,
    ...open(rate, rate),
    name: `${mode}: ${rate} people/s, drained`,
    mode,
  }))
  return [...closed, ...drained]
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
 * stores and places, two for the CPU: those hardly feel, these feel most how fast a shared machine happens to be. Each lasts
 * so long that those who are under way at its end are few among all.
 */
export const HELD_OUT: readonly Point[] = [
  // A small pool drains slowly as well: what is accepted in four seconds takes half a minute.
  heldOut('none', 'pool 3, 10 connections', { connections: 10, duration: 4, size: { pool: 3 } }),
  heldOut('none', 'pool 5, 16 connections, Postgres 35 ms away', {
    connections: 16,
    db_latency_ms: 35,
    duration: 4,
    size: { pool: 5 },
  }),
  heldOut('none', '3 connections, Postgres 45 ms away', { connections: 3, db_latency_ms: 45, duration: 8 }),
  heldOut('none', '2 servers of pool 2, 14 connections, Postgres 35 ms away', {
    connections: 14,
    db_latency_ms: 35,
    duration: 5,
    size: { servers: 2, pool: 2 },
  }),
  heldOut('none', '35 people/s, drained, Postgres 35 ms away', { ...open(35, 14), db_latency_ms: 35 }),
  heldOut('none', '16 connections, Postgres 3 ms away (CPU)', { connections: 16, db_latency_ms: 3, duration: 3 }),
  heldOut('in-process', 'semaphore 4, 15 connections, Postgres 45 ms away', {
    connections: 15,
    db_latency_ms: 45,
    duration: 8,
    size: { semaphore: 4 },
  }),
  heldOut('in-process', '2 servers of semaphore 3, 18 connections, Postgres 40 ms away', {
    connections: 18,
    db_latency_ms: 40,
    size: { servers: 2, semaphore: 3 },
  }),
  heldOut('in-process', '25 people/s, drained', open(25, 11)),
  heldOut('redis-semaphore', 'semaphore 2, 5 connections, Postgres 25 ms away', {
    connections: 5,
    db_latency_ms: 25,
    duration: 15,
    size: { semaphore: 2 },
  }),
  heldOut('redis-semaphore', '500 codes, semaphore 4, 12 connections, Redis 10 ms away', {
    connections: 12,
    codes: 500,
    redis_latency_ms: 10,
    duration: 12,
    size: { semaphore: 4 },
  }),
  heldOut('token-bucket', '3 connections, Redis 35 ms away', { connections: 3, redis_latency_ms: 35 }),
  heldOut('token-bucket', '12 connections, Redis 50 ms away', { connections: 12, redis_latency_ms: 50, duration: 3 }),
  heldOut('token-bucket', '35 people/s, drained by 2 workers', { ...open(35, 12), size: { workers: 2 } }),
  heldOut('token-bucket', '50 people/s, drained, 2 servers, Redis 35 ms away', {
    ...open(50, 13),
    redis_latency_ms: 35,
    size: { servers: 2 },
  }),
  heldOut('token-bucket', '12 connections, Redis 5 ms away (CPU)', {
    connections: 12,
    redis_latency_ms: 5,
    duration: 2,
  }),
]
