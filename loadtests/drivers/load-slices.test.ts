import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { describe, expect, it } from 'vitest'
import { createLoadSlices } from './load-slices.ts'

it('survives a clock that is set back: such answers count as if they had come at the begin', () => {
  const beganAt = 1_000
  const slices = createLoadSlices(beganAt)
  for (let index = 0; index < 1_000; index++)
    slices.add(index === 500 ? beganAt - 3_600_000 : beganAt + index, 'accepted', 2_000)
  expect(slices.steady(beganAt + 1_000)).toMatchObject({ from: 0, accepted: 1_000 })
})

describe('a load that is told its end', () => {
  const answers = (histogram: string | undefined) => decodeFromCompressedBase64(histogram ?? '').totalCount

  it('an outage until the end is in its rate: nobody was answered then', () => {
    const slices = createLoadSlices(0)
    slices.endAt(60_000)
    for (let ms = 0; ms < 20_000; ms += 10) slices.add(ms, 'accepted', 30_000)
    for (let connection = 0; connection < 50; connection++) slices.add(30_000, 'errors', null)
    const part = slices.steady(30_000)
    expect(part).toMatchObject({ from: 0, seconds: 60, accepted: 2_000, errors: 50 })
  })

  it('a straggler is in its latencies, and lengthens no rate', () => {
    const slices = createLoadSlices(0)
    slices.endAt(10_000)
    for (let ms = 0; ms < 10_000; ms += 10) slices.add(ms, 'accepted', 5_000)
    slices.add(18_000, 'accepted', 8_000_000)
    const part = slices.steady(18_000)
    expect(part).toMatchObject({ seconds: 10, accepted: 1_000 })
    expect(answers(part?.histogram)).toBe(1_001)
  })

  it('has a part that counts also with too few answers to find a warm-up, and with none', () => {
    const slices = createLoadSlices(0)
    slices.endAt(5_000)
    expect(slices.steady(0)).toMatchObject({ from: 0, seconds: 5, accepted: 0, drift: 0, is_steady: null })
    slices.add(100, 'served', 1_000)
    expect(slices.steady(100)).toMatchObject({ seconds: 5, served: 1, is_steady: null })
  })

  it('is not cut where it changes by its plan: the first step is no warm-up', () => {
    const fill = (isLevel: boolean) => {
      const slices = createLoadSlices(0, isLevel)
      slices.endAt(30_000)
      for (let ms = 0; ms < 10_000; ms += 5) slices.add(ms, 'accepted', 50_000)
      for (let ms = 10_000; ms < 30_000; ms += 20) slices.add(ms, 'accepted', 5_000)
      return slices.steady(30_000)
    }
    expect(fill(true)?.from).toBeGreaterThan(5)
    expect(fill(false)).toMatchObject({ from: 0, seconds: 30, accepted: 3_000, is_steady: null })
  })
})
