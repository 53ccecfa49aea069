import { expect, it } from 'vitest'
import { findKnee } from './knee.ts'
import { throughputAt } from './usl.ts'

const spread = (count: number, from: number, to: number) =>
  Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1))

const FIGURE_2 = spread(10, 0, 1).map((x) => ({ x, y: -1 / (x + 0.1) + 5 }))

it('Satopää et al. (2011), figure 2: y = −1/(x + 0.1) + 5 on ten points from 0 to 1 bends at 0.22', () => {
  expect(findKnee(FIGURE_2)).toBeCloseTo(0.222, 3)
})

it('the order of points does not matter, nor do their units', () => {
  expect(findKnee([...FIGURE_2].reverse())).toBeCloseTo(0.222, 3)
  expect(findKnee(FIGURE_2.map(({ x, y }) => ({ x: 50 * x, y: y - 300 })))).toBeCloseTo(11.11, 2)
})

it('the same curve turned by half a turn is convex', () => {
  const turned = FIGURE_2.map(({ x, y }) => ({ x: 1 - x, y: 5 - y }))
  expect(findKnee(turned, 'convex')).toBeCloseTo(0.778, 3)
})

it('a line, a level and too few points have none', () => {
  expect(findKnee(spread(10, 0, 1).map((x) => ({ x, y: 3 * x })))).toBeNull()
  expect(findKnee(spread(10, 0, 1).map((x) => ({ x, y: 3 })))).toBeNull()
  expect(findKnee([{ x: 1, y: 2 }])).toBeNull()
  expect(findKnee([])).toBeNull()
})

it('throughput over load bends before its peak', () => {
  const usl = { alpha: 0.05, beta: 0.0005, gamma: 100 }
  const knee = findKnee(spread(40, 1, 60).map((n) => ({ x: n, y: throughputAt(usl, n) })))
  expect(knee).toBeGreaterThan(8)
  expect(knee).toBeLessThan(25)
})
