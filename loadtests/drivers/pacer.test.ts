import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createPacer } from './pacer.ts'

test('everybody comes once, in order, at the planned distance and never before their moment', async () => {
  const pacer = await createPacer()
  const came: { intendedAt: number; at: number }[] = []
  await pacer.run({ model: 'constant', rate: 400 }, 0.5, (intendedAt) =>
    came.push({ intendedAt, at: performance.now() }),
  )
  expect(came).toHaveLength(200)
  for (const [index, { intendedAt, at }] of came.entries()) {
    expect(intendedAt - (came[0]?.intendedAt ?? 0)).toBeCloseTo(index * 2.5, 6)
    expect(at).toBeGreaterThan(intendedAt - 0.02)
  }
})

test('aborted, nobody comes any more, and the next run is not disturbed by what was planned', async () => {
  const pacer = await createPacer()
  const abort = new AbortController()
  let came = 0
  const count = () => {
    if (++came === 10) abort.abort()
  }
  await pacer.run({ model: 'constant', rate: 1_000 }, 60, count, abort.signal)
  expect(came).toBeGreaterThanOrEqual(10)
  expect(came).toBeLessThan(1_000)
  await pacer.run({ model: 'constant', rate: 1_000 }, 60, count, abort.signal)
  const before = came
  await pacer.run({ model: 'constant', rate: 1_000 }, 0.1, count)
  expect(came - before).toBe(100)
})

test('a turn that the thread sees before it is told is not ended by the word of it', async () => {
  const turn = new Int32Array(new SharedArrayBuffer(4))
  const moments = new Float64Array(new SharedArrayBuffer(64)).fill(Number.POSITIVE_INFINITY)
  const thread = new Worker(new URL('./pacer-thread.js', import.meta.url), { workerData: { turn, moments } })
  onTestFinished(async () => void (await thread.terminate()))
  await once(thread, 'message')
  moments[0] = Number(process.hrtime.bigint()) / 1e6 + 200
  Atomics.add(turn, 0, 1)
  Atomics.notify(turn, 0)
  // By now it waits for the moment.
  await sleep(50)
  Atomics.notify(turn, 0)
  const [wake] = await once(thread, 'message', { signal: AbortSignal.timeout(10_000) })
  expect(wake).toBe(1 * (moments.length + 1) + 1)
})

test('nobody at all is an end as well', async () => {
  const pacer = await createPacer()
  let came = 0
  await pacer.run({ model: 'ramp', from: 0, to: 0.1 }, 0.1, () => came++)
  expect(came).toBeLessThanOrEqual(1)
})

test('a clock that is late beside that of the thread keeps nobody waiting', async () => {
  const pacer = await createPacer()
  const now = performance.now.bind(performance)
  let behindMs = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() - behindMs)
  try {
    let came = 0
    const running = pacer.run({ model: 'constant', rate: 1_000 }, 0.2, () => came++)
    behindMs = 5
    await running
    expect(came).toBe(200)
  } finally {
    clock.mockRestore()
  }
})
