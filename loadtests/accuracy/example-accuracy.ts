import { exampleHistogram, exampleRun } from '../analysis/example-run.ts'
import type { PipelineDemands } from '../model/pipeline/pipeline-demands.ts'
import { demandsOfSize } from '../model/pipeline/pipeline-route.ts'
import { predictPipeline } from '../model/pipeline/predict-pipeline.ts'
import { loadOfPoint, sizeOfPoint } from '../model/pipeline/size-of-point.ts'
import { beginRun } from '../points/keep-run.ts'
import type { Point, PointsRun } from '../points/points-file.ts'
import type { Trial } from '../run-file.ts'
import { DEMANDS_OF } from './accuracy-points.ts'

/** Test data: runs on an invented machine that does what the model says. No figure in them was measured. */
const CORES = 2
/** CPU of draining a backlog, over that of draining what comes. */
const BACKLOG_SHARE = 0.5
const [EXAMPLE] = exampleRun({ rounds: 1, modes: ['none'] }).trials as [Trial]

/** A machine that does exactly what the model says, at these costs. */
function truthOf(mode: PipelineDemands['mode']): PipelineDemands {
  const isBucket = mode === 'token-bucket'
  const level = (rate: number, factor: number) => ({
    rate,
    accept: {
      server: 0.001 * factor,
      postgres: isBucket ? 0 : 0.0006 * factor,
      redis: isBucket ? 0.0001 * factor : 0,
      generator: 0.0002 * factor,
      delay_proxy: 0.0002 * factor,
    },
    drain: { worker: 0.002, scheduler: 0.0003, server: 0, postgres: 0.001, redis: 0.0002, mail_sink: 0.0003 },
  })
  const levels = mode === 'redis-semaphore' ? [level(10, 1.2), level(60, 1)] : [level(40, 1.2), level(600, 1)]
  return { mode, cores: CORES, levels, alone: Array(100).fill(0.004), stalls: [], drain_stalls: [] }
}

/** Each point as that machine would be measured, `factor` times as slow. */
export function exampleAccuracyRun(points: readonly Point[], rounds: number, factor = 1): PointsRun {
  const environment = { ...exampleRun({}).environment, cores: CORES }
  const parts = { command: 'study', repeatWith: 'x', runId: 'invented', points, rounds, seed: 1 }
  const trials = points.flatMap((point) =>
    Array.from({ length: rounds }, (_, index) => trialOf(point, index + 1, factor)),
  )
  return { ...beginRun(parts, environment), status: 'complete', trials }
}

function trialOf(point: Point, round: number, factor: number): Trial {
  const truth = truthOf(DEMANDS_OF[point.mode])
  const { throughput, mean } = predictPipeline(truth, sizeOfPoint(point, CORES), loadOfPoint(point), { answers: 3_000 })
  const rate = point.arrivals === null ? throughput / factor : throughput
  const accepted = Math.round(rate * point.duration)
  const { accept, drain } = demandsOfSize(truth, point.profile, rate)
  const milliseconds = (demand: Record<string, number>) =>
    Object.fromEntries(Object.entries(demand).map(([kind, seconds]) => [kind, 1_000 * seconds * accepted]))
  const load = {
    ...(EXAMPLE.loads[0] as Trial['loads'][number]),
    name: point.drain,
    seconds: accepted / rate,
    accepted,
    refused: 0,
    errors: 0,
    histogram: exampleHistogram(Array.from({ length: 400 }, (_, n) => 1_000 * mean * factor * (0.9 + (0.2 * n) / 400))),
    cpu_ms: milliseconds(point.drain === 'running' ? plus(accept, drain) : accept),
  }
  // A backlog goes out in larger batches than what is drained as it comes.
  const behind = point.drain === 'running' ? drain : times(BACKLOG_SHARE, drain)
  const work = EXAMPLE.work && { ...EXAMPLE.work, redemptions: accepted, drain_cpu_ms: milliseconds(behind) }
  return { ...EXAMPLE, mode: point.mode, profile: point.name, round, loads: [load], work }
}

function plus(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
  const kinds = new Set([...Object.keys(one), ...Object.keys(other)])
  return Object.fromEntries([...kinds].map((kind) => [kind, (one[kind] ?? 0) + (other[kind] ?? 0)]))
}

function times(factor: number, demand: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(demand).map(([kind, seconds]) => [kind, factor * seconds]))
}
