import { exampleHistogram, exampleRun } from '../analysis/example-run.ts'
import type { Point } from '../points/points-file.ts'
import type { Load, Sample, Trial } from '../run-file.ts'

/** Test data: a sound trial of an open loop, 500 people a second for 6 s, 20 ms each; no figure in it was measured. */
export const EXAMPLE_POINT: Point = {
  name: 'none, 500/s, 6 s',
  mode: 'none',
  profile: { servers: 1, workers: 1, concurrency: 100, pool: 10, semaphore: 10, redis_connections: 1 },
  codes: 1,
  polls: 0,
  think_ms: 0,
  connections: 1_000,
  arrivals: { model: 'poisson', rate: 500, seed: 1 },
  db_latency_ms: 0,
  redis_latency_ms: 0,
  drain: 'running',
  warm_up: 1.5,
  warm_up_people: 0,
  duration: 6,
}

const CALM: Sample = {
  t: 0,
  phase: 'running',
  accepted: 500,
  served: 0,
  refused: 0,
  errors: 0,
  p50_ms: 20,
  p99_ms: 20,
  pool: { size: 10, in_use: 2, waiting: 0, wait_ms: 0, released: null, hold_ms: null, busy_seconds: null },
  event_loop: { lag_ms: 1, utilisation: 0.3 },
  limiter_waiting: null,
  lock_waiting: null,
  queue: { stream: 0, outbox: 20, jobs: 30 },
  cpu: { server: 0.3, worker: 0.2, scheduler: 0.1, postgres: 0.2, redis: 0.1, mail_sink: 0.05, generator: 0.2 },
  steal: 0,
  extra: {},
}

export interface TrialChange {
  readonly load?: Partial<Load>
  readonly trial?: Partial<Trial>
  /** Of each second, counted from 0. */
  readonly sample?: (second: number) => Partial<Sample>
}

export function exampleTrial({ load, trial, sample }: TrialChange = {}): Trial {
  const [base] = exampleRun({ rounds: 1, modes: ['none'] }).trials as [Trial]
  const [first] = base.loads as [Load]
  const schedule = {
    scheduled: 3_000,
    sent: 3_000,
    dropped: 0,
    began_at_ms: null,
    lag_histogram: exampleHistogram([0.1]),
  }
  const counts = { seconds: 6, accepted: 3_000, refused: 0, errors: 0, by_status: { '202': 3_000 } }
  const histogram = latencies(20)
  return {
    ...base,
    profile: EXAMPLE_POINT.name,
    cpu_pressure: 0.2,
    loads: [{ ...first, name: 'running', schedule, steady: null, ...counts, histogram, ...load }],
    samples: Array.from({ length: 6 }, (_, t) => ({ ...CALM, t, ...sample?.(t) })),
    ...trial,
  }
}

/** As many answers as people came, all equally slow. */
export function latencies(milliseconds: number): string {
  return exampleHistogram(Array(3_000).fill(milliseconds))
}
