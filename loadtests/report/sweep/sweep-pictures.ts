import { formatCount, formatNumber } from '../../analysis/format.ts'
import type { Point } from '../../points/points-file.ts'
import type { Interval } from '../../run-file.ts'
import { KNOBS, type KnobName } from '../../sweep/knobs.ts'
import { stationsOf } from '../../sweep/largest-demand.ts'
import { FIGURES } from '../../sweep/sweep-figures.ts'
import type { PointResult, SweepSummary } from '../../sweep/sweep-file.ts'
import type { HeatMap } from '../charts/heat-map.ts'
import type { CurveMark, CurvePoint, CurveSeries, LoadCurve } from '../charts/load-curve.ts'
import type { StationUseChart } from '../charts/station-use.ts'

/** Colours of the page for lines that are no modes. */
const LINE_COLOURS = ['m-redis-semaphore', 'm-none', 'm-token-bucket', 'm-in-process', 'k-worker', 'k-server'] as const

export interface SweepPictures {
  readonly curves: readonly LoadCurve[]
  readonly maps: readonly HeatMap[]
  readonly stations: StationUseChart | null
}

/** The pictures of a sweep as data, for the page and for the terminal alike. */
export function sweepPictures(summary: SweepSummary, points: readonly Point[], cores: number): SweepPictures {
  const [first, second] = summary.knobs
  const best = summary.points.find(({ name }) => name === summary.best)
  const point = points.find(({ name }) => name === summary.best)
  return {
    curves: first === undefined ? [] : curvesOf(summary, first.knob, second?.knob),
    maps: first === undefined || second === undefined ? [] : mapsOf(summary),
    stations:
      best && point
        ? { title: `Use of each station with ${best.name}`, stations: stationsOf(best, point.profile, cores) }
        : null,
  }
}

function curvesOf(summary: SweepSummary, knob: KnobName, other: KnobName | undefined): LoadCurve[] {
  const xLabel = KNOBS[knob].label
  const marks = marksOf(summary)
  const { title, unit } = FIGURES[summary.figure]
  const groups = groupsOf(summary, other)
  const line = (name: string, index: number, read: (point: PointResult) => Interval | null, members = summary.points) =>
    ({ name, className: colour(index), measured: pointsOf(members, knob, read) }) satisfies CurveSeries
  const figures = groups.map(({ name, members }, index) => ({
    ...line(name, index, (point) => point[summary.figure], members),
    ...modelOf(summary),
  }))
  const latencies =
    other === undefined
      ? [
          ...meanOfModel(summary, knob),
          line('p50', 0, ({ p50_ms: p50 }) => p50),
          line('p99', 1, ({ p99_ms: p99 }) => p99),
        ]
      : groups.map(({ name, members }, index) => line(name, index, ({ p99_ms: p99 }) => p99, members))
  const latency = other === undefined ? 'latency, ms' : 'p99, ms'
  return [
    { title, xLabel, yLabel: unit, series: figures, marks },
    { title: 'Latency', xLabel, yLabel: latency, series: latencies, marks },
    ...(summary.pool_curve === null ? [] : [poolCurve(line, xLabel, marks)]),
  ]
}

type MakeLine = (name: string, index: number, read: (point: PointResult) => Interval | null) => CurveSeries

/** Waiting for a connection, apart from holding it. */
function poolCurve(line: MakeLine, xLabel: string, marks: readonly CurveMark[]): LoadCurve {
  const series = [
    line('wait', 1, ({ pool }) => pool?.wait_ms ?? null),
    line('hold', 0, ({ pool }) => pool?.hold_ms ?? null),
  ]
  return { title: 'Wait for a connection, and its hold', xLabel, yLabel: 'ms', series, marks }
}

function colour(index: number): string {
  return LINE_COLOURS[index % LINE_COLOURS.length] ?? LINE_COLOURS[0]
}

/** A line for each value of the second knob; with one knob a single one. */
function groupsOf({ points, mode, knobs }: SweepSummary, other: KnobName | undefined) {
  if (other === undefined) return [{ name: mode, members: points }]
  const values = knobs.find(({ knob }) => knob === other)?.values ?? []
  return values.map((value) => ({
    name: `${other} ${value}`,
    members: points.filter(({ values: of }) => of[other] === value),
  }))
}

function pointsOf(
  points: readonly PointResult[],
  knob: KnobName,
  read: (point: PointResult) => Interval | null,
): CurvePoint[] {
  return points.flatMap((point) => {
    const [x, interval] = [point.values[knob], read(point)]
    return x === undefined || interval === null
      ? []
      : [{ x, y: interval.median, low: interval.low, high: interval.high }]
  })
}

function modelOf({ usl }: SweepSummary): Pick<CurveSeries, 'model'> {
  return usl === null ? {} : { model: usl.curve.map(({ n, x, low, high }) => ({ x: n, y: x, low, high })) }
}

/** By Little's law: connections that are always at work are as many as are under way. */
function meanOfModel({ usl }: SweepSummary, knob: KnobName): CurveSeries[] {
  if (usl === null || knob !== 'connections') return []
  const ms = (n: number, x: number) => (1_000 * n) / x
  const model = usl.curve.flatMap(({ n, x, low, high }) =>
    // Where the interval reaches down to nothing, its time would reach beyond every picture.
    n > 0 && low > x / 3 ? [{ x: n, y: ms(n, x), low: ms(n, high), high: ms(n, low) }] : [],
  )
  return [{ name: 'mean by the model', className: colour(2), measured: [], model }]
}

function marksOf({ usl, pool_curve: pool, recommendation, points }: SweepSummary): CurveMark[] {
  const servers = points[0]?.values.servers ?? 1
  const knee = usl?.knee ?? (pool?.knee == null ? null : pool.knee / servers)
  const chosen = recommendation?.value
  if (knee !== null && knee === chosen) return [{ x: knee, label: `knee and recommended ${formatCount(knee)}` }]
  return [
    ...(knee === null ? [] : [{ x: knee, label: `knee ${formatCount(knee)}` }]),
    ...(chosen === undefined ? [] : [{ x: chosen, label: `recommended ${chosen}` }]),
  ]
}

function mapsOf(summary: SweepSummary): HeatMap[] {
  const map = (title: string, unit: string, read: (point: PointResult) => Interval | null) =>
    mapOf(summary, title, unit, read)
  const { title, unit } = FIGURES[summary.figure]
  return [map(title, unit, (point) => point[summary.figure]), map('p99', 'ms', ({ p99_ms: p99 }) => p99)]
}

function mapOf(
  { knobs, points }: SweepSummary,
  title: string,
  unit: string,
  read: (point: PointResult) => Interval | null,
): HeatMap {
  const [rows, columns] = knobs
  if (rows === undefined || columns === undefined) throw new RangeError('a heat map needs two knobs')
  const at = (row: number, column: number) =>
    points.find(({ values }) => values[rows.knob] === row && values[columns.knob] === column)
  return {
    title,
    unit,
    rowLabel: rows.knob,
    columnLabel: columns.knob,
    rows: rows.values,
    columns: columns.values,
    cells: rows.values.map((row) =>
      columns.values.map((column) => {
        const point = at(row, column)
        return point === undefined ? null : (read(point)?.median ?? null)
      }),
    ),
    format: formatNumber,
  }
}
