import { describe, expect, it } from 'vitest'
import type { Pair } from '../run-file.ts'
import { whyStop } from './stop-rule.ts'

const pair = (low: number | null, high: number | null) =>
  ({ ratio: { estimate: 1.2, low, high } }) as Pick<Pair, 'ratio'> as Pair

const goal = { rounds: 5, width: 0.05, max_rounds: 20 }

describe('whyStop', () => {
  it('without a goal: after the planned rounds, whatever the intervals', () => {
    const plan = { rounds: 3, width: null, max_rounds: null }
    expect(whyStop(plan, 2, [pair(1.19, 1.21)])).toBeNull()
    expect(whyStop(plan, 3, [pair(0.5, 2)])).toBe('all rounds were done')
  })

  it('with a goal: as soon as every interval is narrow enough', () => {
    expect(whyStop(goal, 6, [pair(1.15, 1.25), pair(1, 1.4)])).toBeNull()
    expect(whyStop(goal, 6, [pair(1.15, 1.25), pair(1.19, 1.21)])).toBe('the intervals were narrow enough')
  })

  it('never before there are intervals', () => {
    expect(whyStop({ ...goal, rounds: 2 }, 4, [pair(1.19, 1.21)])).toBeNull()
    expect(whyStop(goal, 6, [pair(null, null)])).toBeNull()
    expect(whyStop(goal, 6, [])).toBeNull()
  })

  it('at the limit at the latest', () => {
    expect(whyStop(goal, 20, [pair(0.5, 2)])).toBe('the limit of rounds was reached')
    expect(whyStop({ ...goal, max_rounds: null }, 29, [])).toBeNull()
    expect(whyStop({ ...goal, max_rounds: null }, 30, [])).toBe('the limit of rounds was reached')
  })
})
