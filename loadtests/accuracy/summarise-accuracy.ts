import { median } from '../analysis/bootstrap.ts'
import { formatShare } from '../analysis/format.ts'
import { answersOf, succeeded } from '../analysis/rounds.ts'
import { checkPointsLaws } from '../model/observe-points.ts'
import type { PipelineDemands } from '../model/pipeline/pipeline-demands.ts'
import { demandsOfSize } from '../model/pipeline/pipeline-route.ts'
import type { Foretold } from '../plan/foretell.ts'
import { brokenNumbers } from '../points/broken-numbers.ts'
import { FIGURES, type Figure, medianFigures } from '../points/point-figures.ts'
import type { PointsRun } from '../points/points-file.ts'
import type { Profile, Trial } from '../run-file.ts'
import type { AccuracySummary, Predictions } from './accuracy-file.ts'
import { DEMANDS_OF } from './accuracy-points.ts'

/** Published accuracy of queueing networks with measured demands; medians over the points. */
const WANTED: Readonly<Record<Figure, number>> = { throughput: 0.03, mean: 0.09, p99: 0.15 }
const WANTED_HELD = 0.9
const WANTED_WIDTH = 2

type PointSummary = AccuracySummary['points'][number]
type Foretelling = Predictions['points'][number]

/** What was foretold beside what was measured afterwards. */
export function summariseAccuracy(predictions: Predictions, measured: PointsRun): AccuracySummary {
  const points = predictions.points.map((each) => {
    const trials = measured.trials.filter(({ profile }) => profile === each.point.name)
    return comparePoint(each, trials, predictions.demands)
  })
  const isOpen = new Set(predictions.points.flatMap(({ point }) => (point.arrivals === null ? [] : [point.name])))
  const counted = (figure: Figure) =>
    figure === 'throughput' ? points.filter(({ name }) => !isOpen.has(name)) : points
  const overall = Object.fromEntries(FIGURES.map((figure) => [figure, overallOf(counted(figure), figure)]))
  return {
    schema: 1,
    predictions_written_at: predictions.written_at,
    measured_from: measured.started_at,
    points,
    laws: checkPointsLaws(measured),
    overall: overall as AccuracySummary['overall'],
    intervals: judgeIntervals(overall as AccuracySummary['overall']),
    broken_invariants: brokenNumbers(measured.trials),
  }
}

function comparePoint(
  { point, foretold }: Foretelling,
  trials: readonly Trial[],
  demands: readonly PipelineDemands[],
): PointSummary {
  const counted = trials.filter(succeeded)
  const known = demands.find(({ mode }) => mode === DEMANDS_OF[point.mode])
  const stations = known === undefined ? [] : compareDemands(known, point.profile, foretold.throughput.value, counted)
  const [worst] = [...stations].sort((a, b) => Math.abs(b.taken - b.counted) - Math.abs(a.taken - a.counted))
  return {
    name: point.name,
    trials: counted.length,
    figures: compareFigures(foretold, counted),
    demands: stations,
    most_wrong: worst?.station ?? null,
  }
}

function compareFigures(foretold: Foretelling['foretold'], trials: readonly Trial[]): PointSummary['figures'] {
  const all = medianFigures(trials)
  if (all === null) return null
  const [odd, even] = [1, 0].map((rest) => medianFigures(trials.filter(({ round }) => round % 2 === rest)))
  const compare = (figure: Figure) => {
    const { value, low, high }: Foretold = foretold[figure]
    return {
      foretold: { value, low, high },
      measured: all[figure],
      error: value / all[figure] - 1,
      is_held: low <= all[figure] && all[figure] <= high,
      floor: odd && even ? odd[figure] / even[figure] - 1 : null,
    }
  }
  return { throughput: compare('throughput'), mean: compare('mean'), p99: compare('p99') }
}

/** Of the accepting; while a drain is running its own CPU cannot be told apart. */
function compareDemands(
  known: PipelineDemands,
  profile: Profile,
  rate: number,
  trials: readonly Trial[],
): PointSummary['demands'] {
  const loads = trials.flatMap(({ loads }) => loads.filter(({ name }) => name === 'paused'))
  if (loads.length === 0) return []
  const { accept } = demandsOfSize(known, profile, rate)
  return (Object.keys(accept) as (keyof typeof accept)[]).map((station) => ({
    station,
    taken: accept[station],
    counted: median(loads.map((load) => (load.cpu_ms[station] ?? 0) / 1_000 / Math.max(1, answersOf(load)))),
  }))
}

function overallOf(points: readonly PointSummary[], figure: Figure): AccuracySummary['overall'][Figure] {
  const compared = points.flatMap(({ figures }) => figures?.[figure] ?? [])
  const middle = (values: readonly number[]) => (values.length === 0 ? null : median(values))
  const error = middle(compared.map((each) => Math.abs(each.error)))
  return {
    error,
    bias: middle(compared.map((each) => each.error)),
    floor: middle(compared.flatMap(({ floor }) => (floor === null ? [] : [Math.abs(floor)]))),
    held: compared.filter(({ is_held }) => is_held).length,
    of: compared.length,
    half_width: middle(compared.map(({ foretold }) => (foretold.high - foretold.low) / 2 / foretold.value)),
    wanted: `within ${100 * WANTED[figure]} %`,
    verdict: error !== null && error <= WANTED[figure] ? 'met' : 'missed',
  }
}

function judgeIntervals(overall: AccuracySummary['overall']): AccuracySummary['intervals'] {
  const all = FIGURES.map((figure) => overall[figure])
  const held = all.reduce((sum, each) => sum + each.held, 0)
  const of = all.reduce((sum, each) => sum + each.of, 0)
  const widths = all.flatMap(({ half_width, floor }) =>
    half_width === null || floor === null ? [] : [half_width / floor],
  )
  const widest = widths.length === 0 ? null : Math.max(...widths)
  const isHeld = held >= WANTED_HELD * of
  const width = widest === null ? 'of one round no noise floor is known' : `± at most ${widest.toFixed(1)} × the floor`
  return {
    wanted: 'hold 90 % of the time, ± no more than twice the noise floor',
    got: `${held} of ${of} held (${formatShare(held / of)}); ${width}`,
    verdict: !isHeld ? 'missed' : widest === null ? 'not known' : widest <= WANTED_WIDTH ? 'met' : 'missed',
  }
}
