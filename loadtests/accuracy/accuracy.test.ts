import { describe, expect, it } from 'vitest'
import { exampleHistogram, exampleRun } from '../analysis/example-run.ts'
import type { PipelineDemands } from '../model/pipeline/pipeline-demands.ts'
import { demandsOfSize } from '../model/pipeline/pipeline-route.ts'
import { predictPipeline } from '../model/pipeline/predict-pipeline.ts'
import { loadOfPoint, sizeOfPoint } from '../model/pipeline/size-of-point.ts'
import type { Point, PointsRun } from '../points/points-file.ts'
import { beginPointsRun } from '../points/run-points.ts'
import type { Trial } from '../run-file.ts'
import { accuracySummarySchema, predictionsSchema } from './accuracy-file.ts'
import { CALIBRATED_MODES, calibrationPoints, DEMANDS_OF, HELD_OUT } from './accuracy-points.ts'
import { foretellPoints } from './foretell-points.ts'
import { renderAccuracy } from './report-accuracy.ts'
import { summariseAccuracy } from './summarise-accuracy.ts'

const CORES = 2
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
  return { mode, cores: CORES, levels, alone: Array(100).fill(0.004), stalls: [] }
}

/** Each point as that machine would be measured, `factor` times as slow. */
function runOf(points: readonly Point[], rounds: number, factor = 1): PointsRun {
  const environment = { ...exampleRun({}).environment, cores: CORES }
  const parts = { command: 'study', repeatWith: 'x', runId: 'invented', points, rounds, seed: 1 }
  const trials = points.flatMap((point) =>
    Array.from({ length: rounds }, (_, index) => trialOf(point, index + 1, factor)),
  )
  return { ...beginPointsRun(parts, environment), status: 'complete', trials }
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
    cpu_ms: milliseconds(accept),
  }
  const work = EXAMPLE.work && { ...EXAMPLE.work, redemptions: accepted, drain_cpu_ms: milliseconds(drain) }
  return { ...EXAMPLE, mode: point.mode, profile: point.name, round, loads: [load], work }
}

describe('a study of accuracy', () => {
  const calibration = runOf(CALIBRATED_MODES.flatMap(calibrationPoints), 2)
  const predictions = foretellPoints(calibration, 2)

  it('foretells at least twelve points, none of which it was calibrated on', () => {
    expect(predictionsSchema.parse(JSON.parse(JSON.stringify(predictions))).points.length).toBeGreaterThanOrEqual(12)
    const shape = ({ name: _name, ...point }: Point) => JSON.stringify(point)
    const known = new Set(CALIBRATED_MODES.flatMap(calibrationPoints).map(shape))
    expect(HELD_OUT.filter((point) => known.has(shape(point)))).toEqual([])
    expect(new Set(HELD_OUT.map(({ name }) => name)).size).toBe(HELD_OUT.length)
  })

  it('is right about a machine that does what the model says', () => {
    const summary = accuracySummarySchema.parse(summariseAccuracy(predictions, runOf(HELD_OUT, 2)))
    expect(summary.overall.throughput.error).toBeLessThan(0.03)
    expect(summary.overall.mean.error).toBeLessThan(0.05)
    expect(summary.overall.throughput).toMatchObject({ verdict: 'met', of: HELD_OUT.length })
  })

  it('says how wrong it is about another one, and whose demand was wrong', () => {
    const summary = summariseAccuracy(predictions, runOf(HELD_OUT, 2, 1.5))
    expect(summary.overall.mean.error).toBeGreaterThan(0.25)
    expect(summary.overall.mean.verdict).toBe('missed')
    expect(summary.intervals.verdict).toBe('missed')
    const text = renderAccuracy(predictions, summary)
    expect(text).toContain('| mean | within 9 % | 3')
    expect(text).toMatch(/\| none: pool 3, 9 connections \| (server|postgres|delay_proxy|generator) \| \d+ \| \d+ \|/)
  })

  it('leaves out a point without a trial that counts', () => {
    const run = runOf(HELD_OUT.slice(1), 1)
    const summary = summariseAccuracy(predictions, run)
    expect(summary.points[0]).toMatchObject({ trials: 0, figures: null })
    expect(summary.overall.throughput.of).toBe(HELD_OUT.length - 1)
    expect(renderAccuracy(predictions, summary)).toContain('no trial counts')
  })

  it('cannot foretell out of half of a calibration', () => {
    expect(() => foretellPoints({ ...calibration, trials: calibration.trials.slice(2) }, 2)).toThrow(
      '"none: 1 connection" has no trial that counts',
    )
  })
})
