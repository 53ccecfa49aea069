import { expect, it } from 'vitest'
import { createRandom } from '../analysis/random.ts'
import { createEventHeap } from './event-heap.ts'

it('gives events in order of time, and those of one moment as they came', () => {
  const heap = createEventHeap<number>()
  const random = createRandom(3)
  const moments = Array.from({ length: 500 }, () => Math.floor(50 * random()))
  for (const [index, at] of moments.entries()) heap.push(at, index)
  expect(heap.size).toBe(500)
  const expected = moments.map((at, event) => ({ at, event })).sort((a, b) => a.at - b.at || a.event - b.event)
  for (const each of expected) expect(heap.pop()).toMatchObject(each)
  expect(heap.pop()).toBeUndefined()
  expect(heap.size).toBe(0)
})
