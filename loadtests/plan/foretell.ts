import { median } from '../analysis/bootstrap.ts'
import { FIGURES, type Figure, figuresOf, type PointFigures } from '../points/point-figures.ts'
import type { Trial } from '../run-file.ts'

/** One figure foretold, and where it will lie in 90 of 100 cases. */
export interface Foretold {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Standard deviation of the logarithm from round to round: how much the machine itself changes. */
export type Noise = PointFigures

/** The same of the model beside a measurement without noise: what is left where the machine was quiet. */
export const MODEL_ERROR: PointFigures = { throughput: 0.015, mean: 0.04, p99: 0.08 }

/** 90 % of a normal distribution lie within so many standard deviations. */
const Z90 = 1.645

/**
 * Pooled over points: deviations of each round from its point's median, less a degree of freedom for each.
 * @param groups the trials of each point
 */
export function noiseOf(groups: readonly (readonly Trial[])[]): Noise {
  const of = (figure: Figure) => {
    let [squares, freedom] = [0, 0]
    for (const trials of groups) {
      const values = trials.flatMap((trial) => figuresOf(trial)?.[figure] ?? [])
      if (values.length < 2) continue
      const middle = median(values)
      squares += values.reduce((sum, value) => sum + Math.log(value / middle) ** 2, 0)
      freedom += values.length - 1
    }
    return freedom === 0 ? 0 : Math.sqrt(squares / freedom)
  }
  return { throughput: of('throughput'), mean: of('mean'), p99: of('p99') }
}

/**
 * The interval of a figure's median over so many rounds: the noise of the calibration and of what will be measured, and
 * the model's own error, as independent of each other.
 */
export function foretell(
  figures: PointFigures,
  noise: Noise,
  rounds: { readonly calibration: number; readonly measured: number },
): Record<Figure, Foretold> {
  const interval = (figure: Figure): Foretold => {
    const variance = noise[figure] ** 2 * (1 / rounds.calibration + 1 / rounds.measured) + MODEL_ERROR[figure] ** 2
    const factor = Math.exp(Z90 * Math.sqrt(variance))
    return { value: figures[figure], low: figures[figure] / factor, high: figures[figure] * factor }
  }
  return Object.fromEntries(FIGURES.map((figure) => [figure, interval(figure)])) as Record<Figure, Foretold>
}
