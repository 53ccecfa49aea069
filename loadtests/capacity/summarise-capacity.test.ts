import { describe, expect, it } from 'vitest'
import { capacitySummarySchema } from './capacity-file.ts'
import { capacityVerdict } from './capacity-verdict.ts'
import { exampleCapacityRun, SETTLED } from './example-capacity-run.ts'
import { summariseCapacity } from './summarise-capacity.ts'

describe('summariseCapacity', () => {
  it('finds the interval, what was done at its lower bound, what was missed at its upper, and the spread of none', () => {
    const summary = summariseCapacity(exampleCapacityRun(SETTLED))
    expect(capacitySummarySchema.parse(summary)).toEqual(summary)
    expect(summary.results).toMatchObject([
      {
        mode: 'none',
        kind: 'interval',
        lower: 500,
        upper: 505,
        irregular: null,
        why: null,
        throughput: 500,
        trials: 4,
        trial_seconds: 24,
      },
    ])
    const [result] = summary.results
    expect(result?.latency_ms).toBeCloseTo(20, 0)
    expect(result?.misses).toEqual([expect.stringContaining('p99 950 ms (at most 300)')])
    expect(summary.verdict).toContain('none, p99=300ms: 500–505')
    expect(summary.spreads).toEqual([])
    // All processes against the cores; an open loop has no fixed number under way.
    expect(summary.laws).toEqual({ checks: 4, violations: [] })
  })

  it('says how far repeated searches lie apart', () => {
    const second = SETTLED.map((one) => ({ ...one, load: one.load * 1.2, search: 2 }))
    const { spreads, verdict } = summariseCapacity(exampleCapacityRun([...SETTLED, ...second]))
    expect(spreads).toMatchObject([{ mode: 'none', goal: 'p99=300ms', searches: 2 }])
    expect(spreads[0]?.spread).toBeCloseTo(0.2, 6)
    expect(verdict).toContain('2 searches found 502 to 603, 20 % apart.')
  })

  it('of several modes names the one that carries most', () => {
    const run = exampleCapacityRun(SETTLED)
    const [one] = summariseCapacity(run).results
    if (one === undefined) throw new Error('a summary has results')
    const faster = { ...one, mode: 'token-bucket' as const, lower: 900, upper: 910 }
    const broken = { ...one, mode: 'in-process' as const, kind: 'zero' as const, lower: 0, upper: 0 }
    const verdict = 'token-bucket carries most: 900–910, then none with 500–505 (p99=300ms).'
    expect(capacityVerdict(run, [one, broken, faster])).toContain(verdict)
    expect(capacityVerdict(run, [one, broken])).not.toContain('carries most')
  })

  it('a mode that broke an invariant has capacity 0, however fast it is', () => {
    const invariants = [{ number: 6, title: 'seats taken = sent, no seat twice', examined: 9, broken: ['id-1'] }]
    const broken = { load: 510, latencyMs: 20, trial: { invariants } }
    const { results, verdict } = summariseCapacity(exampleCapacityRun([...SETTLED, broken]))
    expect(results).toMatchObject([{ kind: 'zero', lower: 0, upper: 0 }])
    expect(verdict).toContain('0, as it broke invariant 6 (seats taken = sent, no seat twice; id id-1)')
  })

  it('one that is interrupted says what is still open', () => {
    const run = exampleCapacityRun(SETTLED.slice(0, 2), { status: 'interrupted', ended: [] })
    const { results, verdict } = summariseCapacity(run)
    expect(results).toMatchObject([
      { kind: 'at least', lower: 500, upper: null, why: 'no load that was tried misses; it was interrupted' },
    ])
    expect(verdict).toContain('It was interrupted')
  })

  it('a law that is violated is told with its mode', () => {
    const cpu = { server: 60_000 }
    const [first] = exampleCapacityRun(SETTLED).trials
    const loads = first?.loads.map((load) => ({ ...load, cpu_ms: cpu })) ?? []
    const { laws } = summariseCapacity(exampleCapacityRun([{ load: 500, latencyMs: 20, trial: { loads } }]))
    expect(laws.violations).toEqual([expect.stringContaining('none, round 1: the demand of all processes')])
  })
})
