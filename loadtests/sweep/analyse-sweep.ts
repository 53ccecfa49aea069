import type { ByRound } from '../analysis/rounds.ts'
import { checkPointsLaws } from '../model/observe-points.ts'
import type { Point, PointsRun } from '../points/points-file.ts'
import type { Trial } from '../run-file.ts'
import { figureByRound } from './figures-by-round.ts'
import { fitConnections } from './fit-connections.ts'
import { KNOBS, type KnobName, type Variation, variationsOf } from './knobs.ts'
import { largestDemand } from './largest-demand.ts'
import { resultOfPoint } from './point-result.ts'
import { describePoolCurve } from './pool-curve.ts'
import { holdByRound } from './read-pool.ts'
import { type Place, ratioBetween, recommend } from './recommend.ts'
import { FIGURES } from './sweep-figures.ts'
import { type PointResult, SWEEP_SCHEMA, type SweepFigure, type SweepSummary } from './sweep-file.ts'
import { describeVerdict, warnOf } from './sweep-verdict.ts'

/** Knobs of what follows the answer: they show in how fast invites go out. */
const BEHIND_THE_ANSWER: readonly KnobName[] = ['workers', 'concurrency']
/** An SSD counts as one. */
const SPINDLES = 1

/** One point of a sweep with its trials. */
interface Measured {
  readonly point: Point
  readonly trials: readonly Trial[]
  readonly rounds: ByRound
  readonly result: Omit<PointResult, 'ratio_to_best'>
}

/** Everything that a sweep says, from its raw trials alone; rendering it again gives the same. */
export function analyseSweep(run: PointsRun): SweepSummary {
  const knobs = variationsOf(run.points)
  const isOpen = run.points.some(({ arrivals }) => arrivals !== null)
  const figure = figureOf(knobs, isOpen)
  const measured = measuredPoints(run, knobs, figure)
  const best = bestOf(measured, figure)
  const points = measured.map(
    ({ result, rounds }): PointResult => ({ ...result, ratio_to_best: best && ratioBetween(rounds, best.rounds) }),
  )
  const [only] = knobs.length === 1 ? knobs.map(({ knob }) => knob) : []
  const mode = run.points[0]?.mode ?? 'none'
  const isPoolSweep = only === 'pool' && !isOpen && KNOBS.pool.isIdle(mode) === null
  const summary: Omit<SweepSummary, 'verdict' | 'warnings'> = {
    schema: SWEEP_SCHEMA,
    run_id: run.run_id,
    status: run.status,
    mode,
    knobs: knobs.map(({ knob, values }) => ({ knob, values: [...values] })),
    figure,
    best: best?.point.name ?? null,
    points,
    usl: only === 'connections' && !isOpen ? fitConnections(measured) : null,
    pool_curve: isPoolSweep && best ? poolCurveOf(run, measured, best) : null,
    recommendation:
      only && best && KNOBS[only].isSize ? recommend(only, placesOf(only, measured), placeOf(only, best)) : null,
    rule_of_thumb: only === 'pool' ? 2 * run.environment.cores + SPINDLES : null,
    laws: checkPointsLaws(run),
  }
  return { ...summary, verdict: describeVerdict(summary), warnings: warnOf(summary) }
}

/** In an open loop as many are answered as come, whatever is varied. */
function figureOf(knobs: readonly Variation[], isOpen: boolean): SweepFigure {
  const isBehind = knobs.length > 0 && knobs.every(({ knob }) => BEHIND_THE_ANSWER.includes(knob))
  if (isBehind) return 'drained_per_second'
  return isOpen ? 'mean_ms' : 'answered_per_second'
}

/** What points are compared by, of each round: more is better, of a time its inverse. */
function roundsOf(trials: readonly Trial[], figure: SweepFigure): ByRound {
  const { read, isLessBetter } = FIGURES[figure]
  return figureByRound(trials, (load, trial) => {
    const value = read(load, trial)
    return value !== null && isLessBetter ? 1 / value : value
  })
}

function measuredPoints(run: PointsRun, knobs: readonly Variation[], figure: SweepFigure): Measured[] {
  return run.points.map((point) => {
    const trials = run.trials.filter(({ profile }) => profile === point.name)
    return { point, trials, rounds: roundsOf(trials, figure), result: resultOfPoint(point, trials, knobs) }
  })
}

/** What breaks an invariant is no best one, however fast. */
function bestOf(measured: readonly Measured[], figure: SweepFigure): Measured | null {
  const sign = FIGURES[figure].isLessBetter ? -1 : 1
  const value = ({ result }: Measured) => sign * (result[figure]?.median ?? -sign * Number.POSITIVE_INFINITY)
  const candidates = measured.filter(({ result }) => result[figure] !== null && result.broken_invariants.length === 0)
  return candidates.reduce<Measured | null>(
    (best, one) => (best === null || value(one) > value(best) ? one : best),
    null,
  )
}

function placeOf(knob: KnobName, { point, rounds }: Measured): Place {
  return { value: KNOBS[knob].read(point), rounds }
}

function placesOf(knob: KnobName, measured: readonly Measured[]): Place[] {
  return measured
    .filter(({ result, rounds }) => rounds.size > 0 && result.broken_invariants.length === 0)
    .map((one) => placeOf(knob, one))
}

function poolCurveOf(run: PointsRun, measured: readonly Measured[], best: Measured) {
  const places = measured.map(({ point, trials, rounds }) => ({
    connections: point.profile.pool * point.profile.servers,
    rounds,
    ...holdByRound(trials),
  }))
  return describePoolCurve(places, largestDemand(best.result, best.point.profile.servers, run.environment.cores))
}
