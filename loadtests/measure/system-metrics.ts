import type { ProcessKind, Sample } from '../run-file.ts'
import { type Metrics, sumOf } from './prometheus-text.ts'

/**
 * What is read of each kind here, and nothing else is asked for: to write all that a process knows takes several times as
 * long, and requests wait meanwhile. The lag's other figures are brought up to date by the first one.
 */
export const SAMPLED_METRICS: Partial<Record<ProcessKind, readonly string[]>> = {
  server: [
    'db_pool_connections',
    'db_pool_wait_seconds',
    'db_pool_hold_seconds',
    'db_pool_busy_seconds_total',
    'nodejs_eventloop_lag_seconds',
    'nodejs_eventloop_lag_mean_seconds',
    'nodejs_eventloop_utilization',
    'limiter_waiting',
  ],
  scheduler: ['invite_queue_size'],
}

/** Of one process: what it exposed now, and at the sample before (null at the first). */
export interface Scrape {
  now: Metrics
  before: Metrics | null
}

/** The Postgres pools of all servers together; `wait_ms` is the mean wait of those who got a connection since. */
export function readPool(servers: readonly Scrape[]): Sample['pool'] {
  const connections = (state: string) => sumOver(servers, 'db_pool_connections', { state })
  const size = connections('size')
  if (size === null) return null
  const waitedSeconds = growthOver(servers, 'db_pool_wait_seconds_sum')
  const acquisitions = growthOver(servers, 'db_pool_wait_seconds_count')
  return {
    size,
    in_use: connections('using') ?? 0,
    waiting: connections('waiting') ?? 0,
    wait_ms: acquisitions > 0 ? (waitedSeconds / acquisitions) * 1000 : 0,
    ...readHolds(servers),
  }
}

/** Nulls where the servers do not tell, and at their first scrape. */
function readHolds(servers: readonly Scrape[]) {
  const known =
    sumOver(servers, 'db_pool_hold_seconds_count') !== null && servers.every(({ before }) => before !== null)
  if (!known) return { released: null, hold_ms: null, busy_seconds: null }
  const released = growthOver(servers, 'db_pool_hold_seconds_count')
  const heldSeconds = growthOver(servers, 'db_pool_hold_seconds_sum')
  return {
    released,
    hold_ms: released > 0 ? (heldSeconds / released) * 1000 : null,
    busy_seconds: growthOver(servers, 'db_pool_busy_seconds_total'),
  }
}

/** What prom-client takes for lag is the delay of a timer of 10 ms, that timer's own time included. */
const TIMER_SECONDS = 0.01

export function readEventLoop(servers: readonly Scrape[]): Sample['event_loop'] {
  const lag = meanOver(servers, 'nodejs_eventloop_lag_mean_seconds')
  const utilisation = meanOver(servers, 'nodejs_eventloop_utilization')
  return lag === null || utilisation === null ? null : { lag_ms: Math.max(0, lag - TIMER_SECONDS) * 1000, utilisation }
}

export function readLimiterWaiting(servers: readonly Scrape[]): number | null {
  return sumOver(servers, 'limiter_waiting')
}

/** Every scheduler reports the same queues, so that the first one is taken. */
export function readQueue(schedulers: readonly Scrape[]): Sample['queue'] {
  const metrics = schedulers.find(({ now }) => now.has('invite_queue_size'))?.now
  if (!metrics) return null
  const size = (status: string) => sumOf(metrics, 'invite_queue_size', { status }) ?? 0
  return { stream: size('stream'), outbox: size('pending'), jobs: size('waiting') + size('active') + size('delayed') }
}

function valuesOver(scrapes: readonly Scrape[], name: string, labels?: Record<string, string>): number[] {
  return scrapes.map(({ now }) => sumOf(now, name, labels)).filter((value) => value !== null)
}

function sumOver(scrapes: readonly Scrape[], name: string, labels?: Record<string, string>): number | null {
  const values = valuesOver(scrapes, name, labels)
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : null
}

function meanOver(scrapes: readonly Scrape[], name: string): number | null {
  // Without a measurement since the last scrape the mean lag is NaN.
  const values = valuesOver(scrapes, name).filter(Number.isFinite)
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null
}

/** A counter that ran backwards belongs to a new process; what it counted by now is its growth. */
function growthOver(scrapes: readonly Scrape[], name: string): number {
  return scrapes.reduce((sum, { now, before }) => {
    const value = sumOf(now, name) ?? 0
    const earlier = before ? (sumOf(before, name) ?? 0) : value
    return sum + (value >= earlier ? value - earlier : value)
  }, 0)
}
