import { describe, expect, it } from 'vitest'
import { exampleRun } from './example-run.ts'
import { acceptedByRound, drainedByRound, ratioWithinRounds } from './rounds.ts'

describe('ratioWithinRounds', () => {
  it('cancels the speed of the machine, which drifts from round to round', () => {
    const mode = new Map([
      [1, 60],
      [2, 600],
      [3, 6],
    ])
    const ceiling = new Map([
      [1, 100],
      [2, 1000],
      [3, 10],
    ])
    expect(ratioWithinRounds(mode, ceiling)).toEqual({ median: 0.6, low: 0.6, high: 0.6 })
  })

  it('leaves out rounds that lack a side, and is absent when none is left', () => {
    const ceiling = new Map([
      [2, 100],
      [3, 0],
    ])
    expect(ratioWithinRounds(new Map([[1, 5]]), ceiling)).toBeNull()
    expect(ratioWithinRounds(new Map([[3, 5]]), ceiling)).toBeNull()
    expect(ratioWithinRounds(new Map([[2, 50]]), ceiling)?.median).toBe(0.5)
  })
})

describe('rates by round', () => {
  it('counts the named load of the trials that succeeded', () => {
    const [first, second] = exampleRun({ rounds: 2, modes: ['none'] }).trials
    if (!first || !second) throw new Error('the example has two trials')
    const rates = acceptedByRound([first, { ...second, status: 'failed' }], 'paused')
    expect([...rates]).toEqual([[1, (first.loads[0]?.accepted ?? 0) / 10]])
  })

  it('measures the drain by its own duration', () => {
    const [trial] = exampleRun({ rounds: 1, modes: ['none'] }).trials
    if (!trial) throw new Error('the example has a trial')
    expect([...drainedByRound([{ ...trial, drain: { redemptions: 300, seconds: 4 } }])]).toEqual([[1, 75]])
  })
})
