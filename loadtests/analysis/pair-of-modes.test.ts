import { describe, expect, it } from 'vitest'
import type { Run } from '../run-file.ts'
import { exampleRun } from './example-run.ts'
import { summarise } from './summarise.ts'

const NO_TARGETS = { schema: 1, name: 'none', targets: [] } as const

function pairsOf(run: Run) {
  return summarise(run, { ...NO_TARGETS, targets: [] }).pairs
}

/** Every load of the mode in that many times the rate, and its latencies shifted with it. */
function withRates(factor: (mode: string, round: number) => number, rounds = 8): Run {
  const run = exampleRun({ rounds, modes: ['none', 'in-process'] })
  const loads = (trial: Run['trials'][number]) =>
    trial.loads.map((load) => ({ ...load, accepted: Math.round(10_000 * factor(trial.mode, trial.round)) }))
  return { ...run, trials: run.trials.map((trial) => ({ ...trial, loads: loads(trial) })) }
}

describe('pairs of modes', () => {
  it('has each two modes once, in the order of the results, and not the ceiling', () => {
    const pairs = pairsOf(exampleRun({ rounds: 6 }))
    expect(pairs.map(({ first, second }) => `${first}/${second}`)).toEqual([
      'none/in-process',
      'none/redis-semaphore',
      'none/token-bucket',
      'in-process/redis-semaphore',
      'in-process/token-bucket',
      'redis-semaphore/token-bucket',
    ])
    expect(pairs.at(-1)).toMatchObject({ verdict: 'slower', figure: 'accepted_per_second', rounds: 6 })
  })

  it('says faster and slower of the first one, and what it could have seen', () => {
    const wobble = (round: number) => 1 + 0.01 * ((round * 7) % 5)
    const faster = pairsOf(withRates((mode, round) => (mode === 'none' ? 1.5 * wobble(round) : 1)))
    expect(faster[0]).toMatchObject({ verdict: 'faster' })
    expect(faster[0]?.ratio?.estimate).toBeCloseTo(1.53, 2)
    const slower = pairsOf(withRates((mode, round) => (mode === 'none' ? 0.5 * wobble(round) : 1)))
    expect(slower[0]?.verdict).toBe('slower')
    expect(slower[0]?.detectable).toBeLessThan(0.05)
  })

  it('sees no difference where the rounds disagree, and does not judge few rounds', () => {
    const even = withRates((mode, round) => (mode === 'none' ? 1 : 1 + 0.1 * (round % 2 === 0 ? 1 : -1)))
    expect(pairsOf(even)[0]?.verdict).toBe('no difference seen')
    const few = pairsOf(exampleRun({ rounds: 3 }))
    expect(few[0]).toMatchObject({ verdict: 'too few rounds', detectable: null })
  })

  it('compares latencies where the scenario sets the pace: the shorter one is faster', () => {
    const run = exampleRun({ rounds: 6, modes: ['none', 'token-bucket'] })
    const [pair] = pairsOf({ ...run, plan: { ...run.plan, paced: true } })
    expect(pair).toMatchObject({ first: 'none', figure: 'latency_p99_ms', verdict: 'slower' })
    expect(pair?.ratio?.estimate).toBeGreaterThan(1)
  })

  it('leaves out a mode that broke an invariant', () => {
    const run = exampleRun({ rounds: 6, modes: ['none', 'token-bucket'] })
    const broken = [{ number: 1, title: 'no overselling', examined: 9, broken: ['a1'] }]
    const trials = run.trials.map((trial) => (trial.mode === 'none' ? { ...trial, invariants: broken } : trial))
    expect(pairsOf({ ...run, trials })).toEqual([])
  })
})
