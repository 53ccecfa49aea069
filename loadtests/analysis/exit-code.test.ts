import { describe, expect, it } from 'vitest'
import type { Result, Summary } from '../run-file.ts'
import { exampleRun } from './example-run.ts'
import { exitCodeFor } from './exit-code.ts'
import { summarise } from './summarise.ts'

function summaryWith(change: Partial<Result>, verdict: 'met' | 'missed' | 'not measurable here' = 'met'): Summary {
  const summary = summarise(exampleRun(), { schema: 1, name: 'none', targets: [] })
  const targets = [{ name: 't', wanted: '1', got: '2', verdict, why: null }]
  return { ...summary, targets, results: summary.results.map((result) => ({ ...result, ...change })) }
}

const BROKEN = [{ number: 1, title: 'no overselling', examined: 1, broken: ['a'] }]

describe('exitCodeFor', () => {
  it('is 0 when all is well, also with a missed target without the gate', () => {
    expect(exitCodeFor(summaryWith({}), { gate: true })).toBe(0)
    expect(exitCodeFor(summaryWith({}, 'missed'), { gate: false })).toBe(0)
    expect(exitCodeFor(summaryWith({}, 'not measurable here'), { gate: true })).toBe(0)
  })

  it('is 1 for a missed target with the gate', () => {
    expect(exitCodeFor(summaryWith({}, 'missed'), { gate: true })).toBe(1)
  })

  it('is 3 for a failed trial or an invalid run, before 1', () => {
    expect(exitCodeFor(summaryWith({ failed_trials: 1 }, 'missed'), { gate: true })).toBe(3)
    expect(exitCodeFor(summaryWith({ validity: 'INVALID' }), { gate: false })).toBe(3)
    expect(exitCodeFor({ ...summaryWith({}), results: [] }, { gate: false })).toBe(3)
  })

  it('is 4 for a broken invariant, before 3', () => {
    expect(exitCodeFor(summaryWith({ invariants: BROKEN, failed_trials: 1 }, 'missed'), { gate: true })).toBe(4)
  })
})
