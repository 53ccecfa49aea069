import { expect, test } from 'vitest'
import { createPacer } from './pacer.ts'

test('everybody comes once, in order, at the planned distance and never before their moment', async () => {
  const pacer = await createPacer({ model: 'constant', rate: 400 }, 0.5)
  const came: { intendedAt: number; at: number }[] = []
  await pacer.run((intendedAt) => came.push({ intendedAt, at: performance.now() }))
  expect(came).toHaveLength(200)
  for (const [index, { intendedAt, at }] of came.entries()) {
    expect(intendedAt - (came[0]?.intendedAt ?? 0)).toBeCloseTo(index * 2.5, 6)
    expect(at).toBeGreaterThan(intendedAt - 0.02)
  }
})

test('stopped, nobody comes any more', async () => {
  const pacer = await createPacer({ model: 'constant', rate: 1_000 }, 60)
  let came = 0
  await pacer.run(() => {
    if (++came === 10) pacer.stop()
  })
  expect(came).toBeGreaterThanOrEqual(10)
  expect(came).toBeLessThan(1_000)
})

test('nobody at all is an end as well', async () => {
  const pacer = await createPacer({ model: 'ramp', from: 0, to: 0.1 }, 0.1)
  let came = 0
  await pacer.run(() => came++)
  expect(came).toBeLessThanOrEqual(1)
})
