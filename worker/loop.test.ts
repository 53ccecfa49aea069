import { describe, expect, onTestFinished, test } from 'vitest'
import { type LoopOptions, startLoop } from './loop.ts'
import { eventually } from './testing/eventually.ts'

function start(options: Partial<LoopOptions>) {
  const loop = startLoop({ round: async () => false, idleMs: 1, onError: () => {}, ...options })
  onTestFinished(() => loop.stop())
  return loop
}

/** A round that lasts until it is told to end. */
function createRound() {
  let started = 0
  let end = () => {}
  return {
    get started() {
      return started
    },
    end: () => end(),
    round: () => {
      started++
      return new Promise<boolean>((resolve) => {
        end = () => resolve(true)
      })
    },
  }
}

describe('a loop', () => {
  test('pausing waits for the round under way and starts no other', async () => {
    const work = createRound()
    const loop = start({ round: work.round })
    await eventually(() => work.started).toBe(1)
    let paused = false
    const pausing = loop.pause().then(() => {
      paused = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(paused).toBe(false)
    work.end()
    await pausing
    expect(work.started).toBe(1)
  })

  test('goes on after it was resumed, one round at a time', async () => {
    const work = createRound()
    const loop = start({ round: work.round })
    await eventually(() => work.started).toBe(1)
    const pausing = loop.pause()
    loop.resume()
    loop.resume()
    expect(work.started).toBe(1)
    work.end()
    await eventually(() => work.started).toBe(2)
    const stopping = loop.stop()
    work.end()
    await Promise.all([pausing, stopping])
    expect(work.started).toBe(2)
  })

  test('does not wait out its pause when it is paused or stopped', async () => {
    let rounds = 0
    const loop = start({ idleMs: 2 ** 30, round: async () => ++rounds < 0 })
    await eventually(() => rounds).toBe(1)
    await loop.pause()
    loop.resume()
    await eventually(() => rounds).toBe(2)
    await loop.stop()
  })

  test('never starts again after it was stopped', async () => {
    let rounds = 0
    const loop = start({ round: async () => ++rounds < 0 })
    await eventually(() => rounds).toBeGreaterThan(0)
    await loop.stop()
    const before = rounds
    loop.resume()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(rounds).toBe(before)
  })

  test('goes on after a round that failed, and tells of it', async () => {
    const failure = new Error('once')
    const errors: unknown[] = []
    let rounds = 0
    start({
      onError: (error) => errors.push(error),
      async round() {
        if (++rounds === 1) throw failure
        return false
      },
    })
    await eventually(() => rounds).toBeGreaterThan(1)
    expect(errors).toEqual([failure])
  })
})
