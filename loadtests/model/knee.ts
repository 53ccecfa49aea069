export interface CurvePoint {
  readonly x: number
  readonly y: number
}

/** `concave`: rises ever more slowly, as throughput does; `convex`: rises ever faster, as response times do. */
export type Curvature = 'concave' | 'convex'

/** How far the difference must fall below its greatest value, in mean steps of x, before that counts as a knee. */
const SENSITIVITY = 1

/**
 * The x at which a rising curve bends most, or null where none is to be seen: where the curve, scaled to a unit square,
 * is furthest above its diagonal. For charts only: it depends on how far the load was driven, so no limit is its knee.
 * Source: Satopää, Albrecht, Irwin, Raghavan, Finding a "Kneedle" in a Haystack (2011).
 */
export function findKnee(points: readonly CurvePoint[], curvature: Curvature = 'concave'): number | null {
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const [x, y] = [scale(sorted.map((point) => point.x)), scale(sorted.map((point) => point.y))]
  if (x === null || y === null) return null
  // A convex curve, turned by half a turn, is a concave one.
  const turned = curvature === 'convex'
  const ratio = (value: number | undefined) => (turned ? 1 - (value ?? 0) : (value ?? 0))
  const order = turned ? x.map((_, index) => x.length - 1 - index) : x.map((_, index) => index)
  const differences = order.map((index) => ratio(y[index]) - ratio(x[index]))
  const place = bendOf(differences, SENSITIVITY / (x.length - 1))
  return place === null ? null : (sorted[order[place] ?? -1]?.x ?? null)
}

/** The greatest of those local maxima after which the difference falls below their threshold before it rises again. */
function bendOf(differences: readonly number[], drop: number): number | null {
  let found: number | null = null
  let candidate: number | null = null
  for (let index = 1; index < differences.length; index++) {
    const value = at(differences, index)
    if (value > at(differences, index - 1) && value >= at(differences, index + 1)) candidate = index
    if (candidate === null || !(value < at(differences, candidate) - drop)) continue
    if (found === null || at(differences, candidate) > at(differences, found)) found = candidate
    candidate = null
  }
  return found
}

/** To 0…1; null where all are the same. */
function scale(values: readonly number[]): number[] | null {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return most > least ? values.map((value) => (value - least) / (most - least)) : null
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? Number.NEGATIVE_INFINITY
}
