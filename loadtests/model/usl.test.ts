import { describe, expect, test } from 'vitest'
import { createRandom, drawNormal } from '../analysis/random.ts'
import { predictUsl } from './predict-usl.ts'
import { fitUsl, limitOf, peakOf, predictionInterval, throughputAt } from './usl.ts'

/** SPEC SDM91 on a Sun machine, as in the R package usl (`specsdm91`). */
const SPECSDM91 = [
  { n: 1, x: 64.9 },
  { n: 18, x: 995.9 },
  { n: 36, x: 1652.4 },
  { n: 72, x: 1853.2 },
  { n: 108, x: 1828.9 },
  { n: 144, x: 1775.0 },
  { n: 216, x: 1702.2 },
]

describe('published values', () => {
  const fit = fitUsl(SPECSDM91)

  test('specsdm91: the coefficients, the peak and the limit of the R package usl', () => {
    expect(fit.alpha).toBeCloseTo(0.0277285, 6)
    expect(fit.beta).toBeCloseTo(0.0001044, 6)
    expect(fit.gamma).toBeCloseTo(89.995, 2)
    expect(peakOf(fit)?.n).toBeCloseTo(96.5, 1)
    expect(peakOf(fit)?.x).toBeCloseTo(1884, 0)
    expect(limitOf(fit)).toBeCloseTo(89.995 / 0.0277285, -1)
  })

  test('intervals hold the coefficients, and stay in their physical range', () => {
    for (const parameter of ['alpha', 'beta', 'gamma'] as const) {
      const { low, high } = fit.intervals[parameter]
      expect(low).toBeLessThan(fit[parameter])
      expect(high).toBeGreaterThan(fit[parameter])
      expect(low).toBeGreaterThanOrEqual(0)
    }
  })

  test('predictions have finite bounds around them, also where residuals exceed the throughput itself', () => {
    for (const { n } of SPECSDM91) {
      const { low, high } = predictionInterval(fit, n)
      expect(low).toBeGreaterThanOrEqual(0)
      expect(low).toBeLessThan(throughputAt(fit, n))
      expect(high).toBeGreaterThan(throughputAt(fit, n))
      expect(high).toBeLessThan(2_500)
    }
  })

  test('exact points: α = β = 0.02, γ = 1, and nothing is uncertain', () => {
    const n = [1, 2, 4, 6, 8, 10]
    const exact = fitUsl(n.map((each) => ({ n: each, x: throughputAt({ alpha: 0.02, beta: 0.02, gamma: 1 }, each) })))
    expect(exact.alpha).toBeCloseTo(0.02, 9)
    expect(exact.beta).toBeCloseTo(0.02, 9)
    expect(exact.gamma).toBeCloseTo(1, 9)
    expect(predictionInterval(exact, 5).high - predictionInterval(exact, 5).low).toBeLessThan(1e-6)
  })
})

describe('the physical range', () => {
  test('a share is at most 1, also where every point lies at the bend or past it', () => {
    const points = [
      { n: 50, x: 1_000 },
      { n: 100, x: 950 },
      { n: 150, x: 920 },
      { n: 200, x: 910 },
    ]
    const fit = fitUsl(points)
    expect(fit.alpha).toBe(1)
    expect(fit.intervals.alpha.high).toBeLessThanOrEqual(1)
    // From there on it only falls: one alone would have reached a little more than the first point.
    expect(fit.gamma).toBeGreaterThan(1_000)
    expect(fit.gamma).toBeLessThan(1_100)
    expect(Math.abs(throughputAt(fit, 100) - 950)).toBeLessThan(30)
    const { warnings } = predictUsl(points, fit, { thinkTime: 0 })
    expect(warnings.join()).toContain('Measure smaller loads')
  })

  const pointsOf = (usl: { alpha: number; beta: number; gamma: number }) =>
    [1, 2, 4, 8, 16, 32].map((n) => ({ n, x: throughputAt(usl, n) }))

  test('what scales without loss has no contention, no coherency and no peak', () => {
    const fit = fitUsl(pointsOf({ alpha: 0, beta: 0, gamma: 100 }))
    expect(fit.alpha).toBeCloseTo(0, 9)
    expect(fit.beta).toBeCloseTo(0, 9)
    expect(fit.gamma).toBeCloseTo(100, 6)
  })

  test('what scales better than linearly is held at the edge, where the error is least', () => {
    const fit = fitUsl(pointsOf({ alpha: -0.01, beta: 0, gamma: 100 }))
    expect(fit).toMatchObject({ alpha: 0, beta: 0 })
    expect(peakOf(fit)).toBeNull()
    expect(limitOf(fit)).toBeNull()
  })

  test('only coherency: α stays at its edge', () => {
    const fit = fitUsl(pointsOf({ alpha: -0.001, beta: 0.001, gamma: 50 }))
    expect(fit.alpha).toBe(0)
    expect(fit.beta).toBeGreaterThan(0)
  })
})

test('the interval of a prediction holds a new measurement in about 95 of 100 cases', () => {
  const truth = { alpha: 0.03, beta: 0.0005, gamma: 120 }
  const random = createRandom(7)
  const measure = (n: number) => ({ n, x: throughputAt(truth, n) + 20 * drawNormal(random) })
  let held = 0
  const studies = 100
  for (let study = 0; study < studies; study++) {
    const fit = fitUsl([1, 2, 4, 8, 12, 16, 24, 32].map(measure))
    const { low, high } = predictionInterval(fit, 20)
    const { x } = measure(20)
    if (x >= low && x <= high) held++
  }
  expect(held).toBeGreaterThanOrEqual(90)
})

test('too few different loads are refused, with how many are needed', () => {
  const points = [1, 2, 2, 3].map((n) => ({ n, x: 10 * n }))
  expect(() => fitUsl(points)).toThrow('4 different loads are needed, not 3')
})
