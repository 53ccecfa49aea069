import { describe, expect, it } from 'vitest'
import type { Trial } from '../run-file.ts'
import { EXAMPLE_POINT, type ExampleFigures, exampleTrial } from './example-sweep.ts'
import { judgeUsers } from './judge-users.ts'
import { nameBound } from './name-bound.ts'

const POINT = {
  ...EXAMPLE_POINT,
  drain: 'running',
  duration: 15,
  arrivals: { model: 'constant', rate: 100 },
  polls: 1,
} as const

const judge = (figures: Partial<ExampleFigures> = {}, changes: Partial<Trial> = {}) => {
  const trial = { ...exampleTrial(POINT, { rate: 200, ...figures }), ...changes }
  return { ...judgeUsers(POINT, trial, 1_000), trial }
}

describe('judgeUsers', () => {
  it('a fast trial without a backlog holds, also when what waits swings', () => {
    const swings = (t: number) => ({ stream: 0, outbox: 5, jobs: t % 2 === 0 ? 0 : 30 })
    expect(judge({ queue: swings })).toMatchObject({ outcome: 'holds', reasons: [] })
  })

  it('a growing queue does not hold, however fast the answers are; it names who is behind', () => {
    const growing = judge({ queue: (t) => ({ stream: 1, outbox: 1, jobs: 10 * t }) })
    expect(growing).toMatchObject({ outcome: 'misses', behind: 'the workers' })
    expect(growing.growthPerSecond).toBeCloseTo(10)
    expect(nameBound(POINT, growing.trial, growing, 4)).toMatch(/^the workers \(1 × 10 jobs at a time\): .*10\.0\/s/)
  })

  it('nor does what was left for long', () => {
    expect(judge({}, { drain: { redemptions: 10, seconds: 5 } }).reasons[0]).toContain('took 5.00 s more')
  })

  it('nor a late p95, which the pool may be to blame for', () => {
    const slow = judge({ meanMs: 1_500, pool: { holdMs: 2, busy: 10, waitMs: 40 } })
    expect(slow).toMatchObject({ outcome: 'misses', behind: null })
    expect(nameBound(POINT, slow.trial, slow, 4)).toContain('the pool: 40.0 ms')
  })

  it('nor refusals, nor a broken invariant', () => {
    const { trial } = judge()
    const loads = trial.loads.map((load) => ({ ...load, errors: 100 }))
    expect(judge({}, { loads }).reasons[0]).toContain('refused or failed')
    const invariants = trial.invariants.map((one) => ({ ...one, broken: ['x'] }))
    expect(judge({}, { invariants })).toMatchObject({ outcome: 'misses', hasBroken: true })
  })

  it('an invalid trial proves nothing, a failed one does not hold', () => {
    expect(judge({}, { status: 'invalid', failure: 'late' })).toMatchObject({ outcome: 'invalid', reasons: ['late'] })
    expect(judge({}, { status: 'failed', failure: 'died', loads: [] })).toMatchObject({ outcome: 'misses' })
  })
})
