import { expect, it } from 'vitest'
import { createLoadSlices } from './load-slices.ts'

it('survives a clock that is set back: such answers count as if they had come at the begin', () => {
  const beganAt = 1_000
  const slices = createLoadSlices(beganAt)
  for (let index = 0; index < 1_000; index++)
    slices.add(index === 500 ? beganAt - 3_600_000 : beganAt + index, 'accepted', 2_000)
  expect(slices.steady(beganAt + 1_000)).toMatchObject({ from: 0, accepted: 1_000 })
})
