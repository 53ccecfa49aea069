import { describe, expect, it } from 'vitest'
import type { RoomEvidence } from './evidence.ts'
import { checkNumbers, checkPasses, checkReleases } from './waiting-room-checks.ts'

/** Ten people, released at 10 a second; each saw the pass 50 ms after the release. */
function room(change: Partial<RoomEvidence> = {}): RoomEvidence {
  const entered = Array.from({ length: 10 }, (_, index) => index + 1)
  return {
    name: 'paused',
    releasePerSecond: 10,
    openedAtMs: 1_000,
    entered,
    lost_enters: 0,
    entered_again: [[3, 3]],
    passes: entered.map((seq) => ({ seq, at_ms: 1_000 + seq * 100 + 50 })),
    tried_without_pass: 2,
    accepted_without_pass: [],
    ...change,
  }
}

describe('a sound room', () => {
  it('breaks nothing, and each check looked at something', () => {
    expect(checkNumbers([room()])).toEqual({ examined: 11, broken: [] })
    expect(checkReleases([room()])).toEqual({ examined: 10, broken: [] })
    expect(checkPasses([room()])).toEqual({ examined: 12, broken: [] })
  })
})

describe('numbers', () => {
  it.each([
    ['given twice', { entered: [1, 2, 2, 3] }, ['paused 2']],
    ['missing', { entered: [1, 2, 4] }, ['paused 3']],
    ['below the first one', { entered: [0, 1, 2] }, ['paused 0']],
    ['another one at a second time', { entered_again: [[3, 11]] }, ['paused 11']],
  ] as const)('%s', (_, change, broken) => {
    expect(checkNumbers([room(change)]).broken).toEqual(broken)
  })

  it('one may be missing for each enter whose outcome nobody knows', () => {
    expect(checkNumbers([room({ entered: [1, 2, 4], lost_enters: 1 })]).broken).toEqual([])
    expect(checkNumbers([room({ entered: [1, 4], lost_enters: 1 })]).broken).toEqual(['paused 2', 'paused 3'])
  })
})

describe('releases', () => {
  it('a pass before the rate allows it', () => {
    const early = [{ seq: 10, at_ms: 1_700 }]
    expect(checkReleases([room({ passes: early })]).broken).toEqual(['paused 10'])
    expect(checkReleases([room({ passes: early, releasePerSecond: 20 })]).broken).toEqual([])
  })
})

describe('passes', () => {
  it('somebody without one was accepted', () => {
    expect(checkPasses([room({ accepted_without_pass: ['p-1@load.test'] })]).broken).toEqual(['p-1@load.test'])
  })
})
