import { expect, it } from 'vitest'
import { createLoadSlices } from './load-slices.ts'

it('survives a clock that is set back: such answers count as if they had come at the begin', () => {
  const slices = createLoadSlices(1_000)
  for (let index = 0; index < 100; index++)
    slices.add(index === 50 ? 1_000 - 3_600_000 : 1_000 + 10 * index, 'accepted', 2_000)
  const steady = slices.steady(2_000)
  expect(steady).toMatchObject({ from: 0, accepted: 100 })
})
