import { describe, expect, it } from 'vitest'
import { describeFindings, renderFindings } from './verify-report.ts'

const NOTHING = { answers: false, mails: false, server: false, scheduler: false }
const ALL = { answers: true, mails: true, server: true, scheduler: true }
const results = [
  { number: 2, title: 'every 202 ends', examined: 0, broken: [] },
  { number: 4, title: 'counts', examined: 3, broken: ['HOT'] },
  { number: 5, title: 'one active', examined: 1_200, broken: [] },
]

describe('describeFindings', () => {
  it('names the option that would let more be examined', () => {
    const [second, fourth, fifth] = describeFindings(results, NOTHING)
    expect(second).toMatchObject({ verdict: 'not examined', note: expect.stringContaining('--answers') })
    expect(fourth).toMatchObject({ verdict: 'broken', note: expect.stringContaining('--server-ops-url') })
    expect(fifth).toMatchObject({ verdict: 'held', note: null })
  })

  it('with every source there, nothing to look at is the reason', () => {
    const notes = describeFindings(results, ALL).map(({ note }) => note)
    expect(notes).toEqual(['there was nothing to look at', null, null])
  })
})

describe('renderFindings', () => {
  const text = renderFindings(describeFindings(results, ALL), { colour: false })

  it('shows how much was examined, the ids behind what broke, and the sum', () => {
    expect(text).toMatch(/4 +counts +3 +✗ BROKEN/)
    expect(text).toMatch(/5 +one active +1,200 +✓ held/)
    expect(text).toContain('invariant 4: HOT')
    expect(text.split('\n').at(-1)).toBe('1 held, 1 broken, 1 not examined, which is not the same as held.')
  })
})
