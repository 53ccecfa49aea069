import { exampleRun } from '../analysis/example-run.ts'
import { POINTS_SCHEMA } from '../points/points-file.ts'
import type { LimiterMode, Trial } from '../run-file.ts'
import { type CapacityRun, capacityRunSchema } from './capacity-file.ts'
import { EXAMPLE_POINT, exampleTrial, latencies } from './example-trial.ts'

/** Test data: one trial of a search. */
export interface ExampleAttempt {
  readonly load: number
  /** Of every answer. */
  readonly latencyMs: number
  readonly search?: number
  readonly mode?: LimiterMode
  readonly trial?: Partial<Trial>
}

/** A run whose trials are these; no figure in it was measured. */
export function exampleCapacityRun(
  attempts: readonly ExampleAttempt[],
  change: Partial<CapacityRun> = {},
): CapacityRun {
  const tried = attempts.map(({ load, latencyMs, search = 1, mode = 'none', trial }, index) => {
    const name = `${mode}, ${load}/s, 6 s`
    const point = { ...EXAMPLE_POINT, name, mode, arrivals: { model: 'poisson' as const, rate: load, seed: search } }
    const place = { mode, round: search, position: index + 1, profile: name }
    const counts = { accepted: 6 * load, histogram: latencies(latencyMs) }
    return { point, trial: { ...exampleTrial({ load: counts }), ...place, ...trial } }
  })
  const points = new Map(tried.map(({ point }) => [point.name, point]))
  const searches = new Map(tried.map(({ trial: { round, mode } }) => [`${round} ${mode}`, { search: round, mode }]))
  return capacityRunSchema.parse({
    schema: POINTS_SCHEMA,
    run_id: 'example-capacity',
    command: 'capacity',
    repeat_with: 'npm run capacity',
    started_at: '2025-01-02T03:04:05.000Z',
    finished_at: '2025-01-02T03:10:05.000Z',
    status: 'complete',
    stopped_because: 'all rounds were done',
    environment: exampleRun({ rounds: 1 }).environment,
    seed: 7,
    rounds: 0,
    points: [...points.values()],
    harness_peak_rss_bytes: 1e8,
    trials: tried.map(({ trial }) => trial),
    search: {
      loop: 'open',
      modes: ['none'],
      goals: [{ name: 'p99=300ms', percentile: 99, most_ms: 300 }],
      width: 0.02,
      exceed_ratio: 0.5,
      initial_trial_seconds: 2,
      final_trial_seconds: 6,
      duration_sum: 18,
      start: 500,
      least: 1,
      most: 50_000,
      step: 0.1,
      searches: 1,
      most_trials: 80,
      most_errors: 0.01,
    },
    ended: [...searches.values()].map((one) => ({ ...one, why: 'every goal is settled' })),
    ...change,
  })
}

/** Twice met and twice missed: an interval, a hundredth wide. */
export const SETTLED: readonly ExampleAttempt[] = [
  { load: 500, latencyMs: 20 },
  { load: 500, latencyMs: 22 },
  { load: 505, latencyMs: 900 },
  { load: 505, latencyMs: 950 },
]
