import { createRandom, type Random } from './random.ts'

/** Fixed, so that the same series gives the same changes. */
const SEED = 20_261_003
const PERMUTATIONS = 999
/** A level that lasts for less is an outlier, not a change. */
const MINIMUM_SEGMENT = 3
/** Two orders of the same values add up to the same distance but for the last digits. */
const ROUNDING = 1e-9

/**
 * Where a series begins to have another distribution: E-divisive with its permutation test, without an assumption about
 * the noise. A change in the mean is found, and one in the spread as well.
 * Source: D. Matteson and N. James, "A nonparametric approach for multiple change point analysis of multivariate data",
 * JASA 109 (2014), with α = 1; segments are divided at the greatest energy distance until no division is significant.
 * @returns indices of the first value of each new segment, ascending
 */
export function findChanges(values: readonly number[], level = 0.05): number[] {
  const random = createRandom(SEED)
  const changes: number[] = []
  const open: [number, number][] = [[0, values.length]]
  for (let segment = open.pop(); segment !== undefined; segment = open.pop()) {
    const [start, end] = segment
    const part = values.slice(start, end)
    const split = bestSplit(part)
    if (split === null || chanceOf(part, split.distance, random) > level) continue
    const at = start + split.index
    changes.push(at)
    open.push([start, at], [at, end])
  }
  return changes.sort((a, b) => a - b)
}

/** With fewer values not even two levels without any noise are beyond chance. */
export function fewestValues(level: number): number {
  let count = 2 * MINIMUM_SEGMENT
  // Chance puts the halves in this order, or the other one, in one of so many cases.
  for (let orders = 20; 2 / orders + 1 / (PERMUTATIONS + 1) > level; count++)
    orders *= (count + 1) / Math.ceil((count + 1) / 2)
  return count
}

interface Split {
  readonly index: number
  readonly distance: number
}

/** Where both sides differ most; null when the part is too short for two segments. */
function bestSplit(part: readonly number[]): Split | null {
  const count = part.length
  let best: Split | null = null
  const sums = new SplitSums(part)
  for (let index = 1; index < count; index++) {
    sums.move(index - 1)
    if (index < MINIMUM_SEGMENT || count - index < MINIMUM_SEGMENT) continue
    const distance = sums.energy(index)
    if (best === null || distance > best.distance) best = { index, distance }
  }
  return best
}

/** Sums of |a − b| within the left side, within the right side and between them, as a value moves from right to left. */
class SplitSums {
  private left = 0
  private right = 0
  private between = 0
  private readonly part: readonly number[]

  constructor(part: readonly number[]) {
    this.part = part
    for (const [index, value] of part.entries())
      for (const other of part.slice(index + 1)) this.right += Math.abs(value - other)
  }

  move(index: number): void {
    const value = this.part[index] as number
    let toLeft = 0
    let toRight = 0
    for (const [place, other] of this.part.entries()) {
      if (place < index) toLeft += Math.abs(value - other)
      else toRight += Math.abs(value - other)
    }
    this.left += toLeft
    this.right -= toRight
    this.between += toRight - toLeft
  }

  /** The scaled energy distance of both sides, (m·n / (m+n)) · E. */
  energy(m: number): number {
    const n = this.part.length - m
    const distance = (2 * this.between) / (m * n) - (2 * this.left) / (m * (m - 1)) - (2 * this.right) / (n * (n - 1))
    return ((m * n) / (m + n)) * distance
  }
}

/** How often the values in random order have a split at least as good. */
function chanceOf(part: readonly number[], distance: number, random: Random): number {
  let asGood = 1
  for (let round = 0; round < PERMUTATIONS; round++) {
    const split = bestSplit(permute(part, random))
    if (split !== null && split.distance >= distance * (1 - ROUNDING)) asGood++
  }
  return asGood / (PERMUTATIONS + 1)
}

/** Fisher–Yates. */
function permute(values: readonly number[], random: Random): number[] {
  const permuted = [...values]
  for (let last = permuted.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[permuted[last], permuted[other]] = [permuted[other] as number, permuted[last] as number]
  }
  return permuted
}
