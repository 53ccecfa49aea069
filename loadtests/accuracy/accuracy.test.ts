import { describe, expect, it } from 'vitest'
import type { Point } from '../points/points-file.ts'
import { accuracySummarySchema, predictionsSchema } from './accuracy-file.ts'
import { CALIBRATED_MODES, calibrationPoints, HELD_OUT } from './accuracy-points.ts'
import { exampleAccuracyRun } from './example-accuracy.ts'
import { foretellPoints } from './foretell-points.ts'
import { renderAccuracy } from './report-accuracy.ts'
import { summariseAccuracy } from './summarise-accuracy.ts'

describe('a study of accuracy', () => {
  const calibration = exampleAccuracyRun(CALIBRATED_MODES.flatMap(calibrationPoints), 2)
  const predictions = foretellPoints(calibration, 2)

  it('foretells at least twelve points, none of which it was calibrated on', () => {
    expect(predictionsSchema.parse(JSON.parse(JSON.stringify(predictions))).points.length).toBeGreaterThanOrEqual(12)
    const shape = ({ name: _name, ...point }: Point) => JSON.stringify(point)
    const known = new Set(CALIBRATED_MODES.flatMap(calibrationPoints).map(shape))
    expect(HELD_OUT.filter((point) => known.has(shape(point)))).toEqual([])
    expect(new Set(HELD_OUT.map(({ name }) => name)).size).toBe(HELD_OUT.length)
  })

  it('is right about a machine that does what the model says', () => {
    const summary = accuracySummarySchema.parse(summariseAccuracy(predictions, exampleAccuracyRun(HELD_OUT, 2)))
    expect(summary.overall.throughput.error).toBeLessThan(0.03)
    expect(summary.overall.mean.error).toBeLessThan(0.05)
    expect(summary.overall.throughput).toMatchObject({ verdict: 'met' })
    // Open loops have as many answers as people came.
    expect(summary.overall.throughput.of).toBe(HELD_OUT.filter(({ arrivals }) => arrivals === null).length)
    expect(summary.overall.mean.of).toBe(HELD_OUT.length)
  })

  it('says how wrong it is about another one, and whose demand was wrong', () => {
    const summary = summariseAccuracy(predictions, exampleAccuracyRun(HELD_OUT, 2, 1.5))
    expect(summary.overall.mean.error).toBeGreaterThan(0.25)
    expect(summary.overall.mean.verdict).toBe('missed')
    expect(summary.intervals.verdict).toBe('missed')
    const text = renderAccuracy(predictions, summary)
    expect(text).toContain('| mean | within 9 % | 3')
    expect(text).toMatch(/\| none: pool 3, 10 connections \| (server|postgres|delay_proxy|generator) \| \d+ \| \d+ \|/)
  })

  it('leaves out a point without a trial that counts', () => {
    const run = exampleAccuracyRun(HELD_OUT.slice(1), 1)
    const summary = summariseAccuracy(predictions, run)
    expect(summary.points[0]).toMatchObject({ trials: 0, figures: null })
    expect(summary.overall.mean.of).toBe(HELD_OUT.length - 1)
    expect(renderAccuracy(predictions, summary)).toContain('no trial counts')
  })

  it('of one round knows no noise floor, and says so', () => {
    const summary = accuracySummarySchema.parse(summariseAccuracy(predictions, exampleAccuracyRun(HELD_OUT, 1)))
    expect(summary.overall.mean.floor).toBeNull()
    expect(summary.intervals.got).toContain('of one round no noise floor is known')
    expect(renderAccuracy(predictions, summary)).not.toContain('NaN')
  })

  it('names an invariant that broke meanwhile', () => {
    const run = exampleAccuracyRun(HELD_OUT, 1)
    const broken = [{ number: 4, title: 'counts agree', examined: 9, broken: ['a1'] }]
    const summary = summariseAccuracy(predictions, {
      ...run,
      trials: run.trials.map((t) => ({ ...t, invariants: broken })),
    })
    expect(summary.broken_invariants).toEqual([4])
    expect(renderAccuracy(predictions, summary)).toContain('invariant 4 BROKE')
  })

  it('cannot foretell out of half of a calibration', () => {
    expect(() => foretellPoints({ ...calibration, trials: calibration.trials.slice(2) }, 2)).toThrow(
      '"none: 1 connection" has no trial that counts',
    )
  })
})
