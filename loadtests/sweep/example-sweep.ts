import { exampleHistogram, exampleRun } from '../analysis/example-run.ts'
import { createRandom } from '../analysis/random.ts'
import { POINTS_SCHEMA, type Point, type PointsRun } from '../points/points-file.ts'
import type { Sample, Trial } from '../run-file.ts'

/** Test data: invented runs over points. No figure in them was measured. */
export const EXAMPLE_POINT: Point = {
  name: 'all',
  mode: 'none',
  profile: { servers: 1, workers: 1, concurrency: 10, pool: 10, semaphore: 10, redis_connections: 1 },
  codes: 1,
  polls: 0,
  think_ms: 0,
  connections: 50,
  arrivals: null,
  db_latency_ms: 0,
  redis_latency_ms: 0,
  drain: 'paused',
  warm_up: 1,
  warm_up_people: 0,
  duration: 3,
}

/** How a system behaves at one point, in the mean. */
export interface ExampleFigures {
  readonly rate: number
  readonly meanMs?: number
  readonly pool?: { readonly holdMs: number; readonly busy: number; readonly waitMs: number }
  readonly drainRate?: number
  /** Redemptions that wait, by second of the load. */
  readonly queue?: (second: number) => NonNullable<Sample['queue']>
}

export interface ExampleSweep {
  readonly points: readonly Point[]
  readonly figuresOf: (point: Point) => ExampleFigures
  readonly rounds?: number
  /** How far rates lie from their mean, as a share; each round has a speed of its own too. */
  readonly noise?: number
}

export function exampleSweep({ points, figuresOf, rounds = 6, noise = 0.01 }: ExampleSweep): PointsRun {
  const random = createRandom(11)
  const { environment, harness_peak_rss_bytes, started_at, finished_at } = exampleRun({ rounds: 1 })
  const trials = Array.from({ length: rounds }, (_, index) => {
    const speed = 0.8 + 0.4 * random()
    return points.map((point, place) =>
      exampleTrial(point, figuresOf(point), {
        round: index + 1,
        position: place + 1,
        speed: speed * (1 + noise * (2 * random() - 1)),
      }),
    )
  }).flat()
  const common = { environment, harness_peak_rss_bytes, started_at, finished_at, seed: 11, rounds, trials }
  return {
    ...common,
    schema: POINTS_SCHEMA,
    run_id: 'example-sweep',
    command: 'sweep',
    repeat_with: 'npm run sweep -- --vary pool=1,2',
    status: 'complete',
    stopped_because: 'all rounds were done',
    calibration: null,
    points: [...points],
  }
}

export function exampleTrial(
  point: Point,
  figures: ExampleFigures,
  { round = 1, position = 1, speed = 1 }: { round?: number; position?: number; speed?: number } = {},
): Trial {
  const { rate, meanMs = 10, drainRate = 500 } = figures
  const accepted = Math.round(rate * speed * point.duration)
  const seconds = point.duration
  return {
    round,
    position,
    scenario: 'points',
    mode: point.mode,
    profile: point.name,
    started_at: '2025-01-02T03:04:05.000Z',
    seconds: 10,
    status: 'ok',
    failure: null,
    trials_before: 0,
    loads: [
      {
        name: point.drain,
        seconds,
        accepted,
        served: 0,
        refused: 0,
        errors: 0,
        by_status: { '202': accepted },
        histogram: exampleHistogram(Array.from({ length: 400 }, () => meanMs / speed)),
        steps: {},
        memory_bytes: {},
        wire_bytes: null,
        // Work does not depend on the speed: half a millisecond of the server for each.
        cpu_ms: { server: 0.5 * accepted, postgres: 0.4 * accepted, generator: 0.1 * accepted },
        schedule: null,
        steady: null,
        clock_step_ms: 0,
      },
    ],
    drain: { redemptions: accepted, seconds: point.drain === 'running' ? 0.3 : accepted / (drainRate * speed) },
    burst: null,
    end_to_end_histogram: null,
    work: null,
    invariants: [{ number: 1, title: 'sent and in flight never exceed the uses of a code', examined: 10, broken: [] }],
    steal: 0,
    cpu_pressure: 0,
    samples: Array.from({ length: Math.round(seconds) }, (_, t) => exampleSample(point, figures, speed, t)),
  }
}

function exampleSample(point: Point, { rate, pool, queue }: ExampleFigures, speed: number, t: number): Sample {
  return {
    t,
    phase: point.drain,
    accepted: rate,
    served: 0,
    refused: 0,
    errors: 0,
    p50_ms: null,
    p99_ms: null,
    pool: pool
      ? {
          size: point.profile.pool,
          in_use: Math.round(pool.busy),
          waiting: 0,
          wait_ms: pool.waitMs / speed,
          released: Math.round(rate * speed),
          hold_ms: pool.holdMs / speed,
          busy_seconds: pool.busy,
        }
      : null,
    event_loop: { lag_ms: 1, utilisation: 0.5 },
    limiter_waiting: 0,
    lock_waiting: null,
    queue: queue?.(t) ?? { stream: 0, outbox: 0, jobs: 0 },
    cpu: {},
    steal: 0,
    extra: {},
  }
}
