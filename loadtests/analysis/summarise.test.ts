import { describe, expect, it } from 'vitest'
import { type Load, type Run, type Subject, summarySchema, type Trial } from '../run-file.ts'
import { type Targets, targetsSchema } from '../targets/targets-schema.ts'
import { exampleHistogram, exampleRun } from './example-run.ts'
import { exitCodeFor } from './exit-code.ts'
import { summarise } from './summarise.ts'

const NO_TARGETS: Targets = { schema: 1, name: 'none', targets: [] }

function resultOf(run: Run, mode: Subject) {
  const result = summarise(run, NO_TARGETS).results.find((candidate) => candidate.mode === mode)
  if (!result) throw new Error(`no result of ${mode}`)
  return result
}

function withTrials(change: (trial: Run['trials'][number]) => Partial<Run['trials'][number]>, rounds = 5): Run {
  const run = exampleRun({ rounds })
  return { ...run, trials: run.trials.map((trial) => ({ ...trial, ...change(trial) })) }
}

describe('summarise', () => {
  it('fills every field of the summary and orders the modes with the ceiling last', () => {
    const summary = summarise(exampleRun(), NO_TARGETS)
    expect(summarySchema.parse(summary)).toEqual(summary)
    expect(summary.results.map((result) => result.mode)).toEqual([
      'none',
      'in-process',
      'redis-semaphore',
      'token-bucket',
      'ceiling',
    ])
    expect(summary.results.map((result) => result.validity)).toEqual(Array(5).fill('VALID'))
  })

  it('holds each mode against the ceiling of its own round', () => {
    const bucket = resultOf(exampleRun(), 'token-bucket')
    expect(bucket.ratio_to_ceiling?.low).toBeGreaterThan(0.6)
    expect(bucket.ratio_to_ceiling?.high).toBeLessThan(0.8)
    expect(resultOf(exampleRun(), 'ceiling').ratio_to_ceiling).toEqual({ median: 1, low: 1, high: 1 })
    expect(resultOf(exampleRun({ modes: ['none'] }), 'none').ratio_to_ceiling).toBeNull()
  })

  it('compares answers with the ceiling within rounds', () => {
    const refusing = withTrials(({ mode, loads }) => ({
      loads: loads.map((load) => (mode === 'ceiling' ? load : { ...load, accepted: 1, refused: load.accepted - 1 })),
    }))
    const bucket = resultOf(refusing, 'token-bucket')
    expect(bucket.answered_ratio_to_ceiling).toEqual(resultOf(exampleRun(), 'token-bucket').ratio_to_ceiling)
    expect(bucket.ratio_to_ceiling?.median).toBeLessThan(0.001)
  })

  it('is INVALID when no trial succeeded, with the failure in words', () => {
    const run = withTrials(({ mode }) => (mode === 'none' ? { status: 'failed', failure: 'the server died' } : {}))
    const result = resultOf(run, 'none')
    expect(result.validity).toBe('INVALID')
    expect(result.validity_reasons).toContain('the trial of round 1 failed: the server died')
    expect(result.accepted_per_second).toBeNull()
  })

  it.each([
    ['a failed trial', withTrials(({ round }) => (round === 2 ? { status: 'failed' } : {})), /round 2 failed/],
    ['too few rounds', exampleRun({ rounds: 3 }), /only 3 rounds: their interval covers 75 %, 5 rounds are needed/],
    ['a single round', exampleRun({ rounds: 1 }), /only 1 round: it has no interval, 5 rounds are needed/],
    [
      'errors',
      withTrials(({ loads }) => ({ loads: loads.map((load) => ({ ...load, errors: load.accepted })) })),
      /50 % of the requests/,
    ],
    [
      'few answers',
      withTrials(({ loads }) => ({
        loads: loads.map((load) => ({ ...load, histogram: exampleHistogram(Array(50).fill(20)) })),
      })),
      /only 250 answers: a p99 needs at least 299/,
    ],
    ['steal', withTrials(() => ({ steal: 0.4 })), /hypervisor took 40 %/],
    ['an interruption', { ...exampleRun(), status: 'interrupted' } satisfies Run, /interrupted/],
  ])('is INCONCLUSIVE with %s', (_, run, reason) => {
    const result = resultOf(run, 'none')
    expect(result.validity).toBe('INCONCLUSIVE')
    expect(result.validity_reasons.join('\n')).toMatch(reason)
  })

  it("an answer that does not pass its checks is a failure of a team's own target, not of the reference server", () => {
    const failing = (mode: Trial['mode']) =>
      withTrials((trial) => ({
        ...(trial.mode === 'none' && { mode }),
        loads: trial.loads.map((load) => ({ ...load, accepted: 0, refused: load.accepted })),
      }))
    const availability = { name: 'hardly anything fails', measure: 'availability', at_least: 0.999 } as const
    const targets = targetsSchema.parse({ schema: 1, name: 'own', targets: [availability] })
    const summary = summarise(failing('target'), targets)
    expect(summary.targets).toMatchObject([{ verdict: 'missed' }])
    expect(summary.verdict).toContain('100 % of the requests failed or got an answer that did not pass its checks')
    expect(summarise(failing('none'), targets).targets).toMatchObject([{ verdict: 'met' }])
  })

  it("of a team's own target that answers nothing good a rate is missed, and one that never answers proves nothing", () => {
    const targets = targetsSchema.parse({
      ...{ schema: 1, name: 'own' },
      targets: [{ name: 'fast', measure: 'accepted_per_second', at_least: 100, modes: ['target'] }],
    })
    const ofTarget = (change: (load: Load) => Partial<Load>): Run => {
      const run = withTrials(({ mode, loads }) => ({
        mode: mode === 'none' ? 'target' : mode,
        loads: loads.map((load) => ({ ...load, ...(mode === 'none' && change(load)) })),
      }))
      return { ...run, trials: run.trials.filter(({ mode }) => mode === 'target' || mode === 'ceiling') }
    }
    const refused = summarise(
      ofTarget((load) => ({ accepted: 0, refused: load.accepted })),
      targets,
    )
    expect(refused.targets).toMatchObject([{ verdict: 'missed' }])
    expect(refused.verdict).toContain('No answer of the target counts.')
    const silent = summarise(
      ofTarget((load) => ({ accepted: 0, errors: load.accepted, histogram: exampleHistogram([]) })),
      targets,
    )
    expect(silent.results.find(({ mode }) => mode === 'target')).toMatchObject({ validity: 'INVALID' })
    expect(exitCodeFor(silent, { gate: false })).toBe(3)
  })

  it('adds up what invariants examined and keeps 20 offending ids', () => {
    const ids = (round: number) => Array.from({ length: 15 }, (_, index) => `id-${round}-${index}`)
    const [merged] = resultOf(
      withTrials(({ round }) => ({
        invariants: [{ number: 1, title: 'no overselling', examined: 100, broken: ids(round) }],
      })),
      'none',
    ).invariants
    expect(merged?.examined).toBe(500)
    expect(merged?.broken).toHaveLength(20)
  })
})

describe('the verdict', () => {
  it('names the winner with its numbers, and that every invariant held', () => {
    const { verdict } = summarise(exampleRun(), NO_TARGETS)
    expect(verdict).toMatch(/^token-bucket accepted most: [\d,]+ \([\d,]+–[\d,]+\) redemptions per second/)
    expect(verdict).toMatch(/× the bare Express ceiling, .* × the next one, in-process\. Every invariant held/)
  })

  it('does not let its median win over a mode that was better in the rounds that have both', () => {
    const run = withTrials(({ mode, round, loads }) => {
      if (mode === 'token-bucket' && round > 5) return { status: 'invalid', failure: 'the generator was late' }
      const accepted = mode === 'token-bucket' ? 9_000 : mode === 'none' ? (round > 5 ? 1_000 : 10_000) : 500
      return { loads: loads.map((load) => ({ ...load, accepted: accepted + round, steady: null })) }
    }, 11)
    expect(summarise(run, NO_TARGETS).verdict).toMatch(
      /^token-bucket accepted most: .*, though in the rounds that have both none was better \(0\.\d+ × its rate\)/,
    )
  })

  it('counts work per answer over the whole load, also when nothing was accepted in its steady part', () => {
    const run = withTrials(({ loads }) => ({
      loads: loads.map((load) => ({ ...load, accepted: 100, refused: 9_900, served: 0 })),
    }))
    expect(resultOf(run, 'token-bucket').accepted_share).toBeCloseTo(0.01)
  })

  it('says that an invariant broke before anything else, and lets that mode not win', () => {
    const broken = [{ number: 1, title: 'no overselling', examined: 9, broken: ['a1'] }]
    const run = withTrials(({ mode }) => (mode === 'token-bucket' ? { invariants: broken } : {}))
    const { verdict } = summarise(run, NO_TARGETS)
    expect(verdict).toMatch(/^token-bucket BROKE invariant 1 \(no overselling; id a1\)/)
    expect(verdict).toContain('in-process accepted most')
    expect(verdict).not.toContain('Every invariant held')
  })

  it('names a mode of which nothing was measured', () => {
    const run = withTrials(({ mode }) => (mode === 'none' ? { status: 'failed', failure: 'the server died' } : {}))
    expect(summarise(run, NO_TARGETS).verdict).toContain('Nothing can be said of none: no trial succeeded')
  })

  it('does not call an invariant that examined nothing passed', () => {
    const run = withTrials(({ invariants }) => ({
      invariants: invariants.map((check) => (check.number === 7 ? { ...check, examined: 0 } : check)),
    }))
    const { verdict } = summarise(run, NO_TARGETS)
    expect(verdict).toContain('Invariant 7 examined nothing in none, in-process')
    expect(verdict).not.toContain('Every invariant held')
  })

  it('says so when nothing was checked and when two modes cannot be told apart', () => {
    const run = withTrials((trial) => ({ invariants: [], mode: trial.mode }))
    expect(summarise(run, NO_TARGETS).verdict).toContain('No invariant was checked')
    const even = withTrials(({ loads, round, mode }) => ({
      loads: loads.map((load) => ({ ...load, accepted: 1000 + (mode === 'none' ? round : 6 - round) })),
    }))
    expect(summarise(even, NO_TARGETS).verdict).toContain('cannot tell from')
  })
})
