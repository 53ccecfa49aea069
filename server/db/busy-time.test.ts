import { expect, it } from 'vitest'
import { createBusyTime } from './busy-time.ts'

it('sums a level over the time that it lasted, and goes on meanwhile', () => {
  let [level, now] = [0, 1_000]
  const busy = createBusyTime(
    () => level,
    () => now,
  )
  const change = (to: number, at: number) => {
    ;[level, now] = [to, at]
    busy.note()
  }
  change(2, 2_000)
  change(1, 2_500)
  now = 3_500
  expect(busy.seconds()).toBe(2)
  expect(busy.seconds()).toBe(2)
})
