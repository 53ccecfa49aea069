import type { ByRound } from '../analysis/rounds.ts'
import { findKnee } from '../model/knee.ts'
import { predictUsl, TRUSTED_RANGE } from '../model/predict-usl.ts'
import { fitUsl, MINIMUM_POINTS, peakOf, predictionInterval, throughputAt } from '../model/usl.ts'
import type { Point } from '../points/points-file.ts'
import type { SweepModel } from './sweep-file.ts'

const CURVE_POINTS = 60

/** The Universal Scalability Law on every round's throughput over the connections; null with too few loads. */
export function fitConnections(
  measured: readonly { readonly point: Point; readonly rounds: ByRound }[],
): SweepModel | null {
  const points = measured.flatMap(({ point, rounds }) => [...rounds.values()].map((x) => ({ n: point.connections, x })))
  const loads = [...new Set(points.map(({ n }) => n))]
  if (loads.length < MINIMUM_POINTS) return null
  const fit = fitUsl(points)
  const { warnings } = predictUsl(points, fit, { thinkTime: 0, at: [] })
  const end = Math.max(...loads) * (peakOf(fit) === null ? 1 : Math.min(TRUSTED_RANGE, 1.1))
  const at = (index: number) => 1 + ((end - 1) * index) / (CURVE_POINTS - 1)
  return {
    parameters: { alpha: fit.alpha, beta: fit.beta, gamma: fit.gamma },
    peak: peakOf(fit),
    knee: findKnee(loads.map((n) => ({ x: n, y: meanAt(points, n) }))),
    curve: Array.from({ length: CURVE_POINTS }, (_, index) => {
      const n = at(index)
      return { n, x: throughputAt(fit, n), ...predictionInterval(fit, n) }
    }),
    warnings,
  }
}

function meanAt(points: readonly { readonly n: number; readonly x: number }[], n: number): number {
  const there = points.filter((point) => point.n === n)
  return there.reduce((sum, { x }) => sum + x, 0) / there.length
}
