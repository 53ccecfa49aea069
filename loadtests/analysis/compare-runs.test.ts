import { describe, expect, it } from 'vitest'
import { comparisonSchema, type Row } from '../compare-file.ts'
import { renderComparisonJunit } from '../report/compare-junit.ts'
import type { Run, Trial } from '../run-file.ts'
import { whyIncomparable } from './comparable.ts'
import { compareRuns } from './compare-runs.ts'
import { exampleHistogram, exampleRun } from './example-run.ts'
import { createRandom } from './random.ts'

const MODES = ['none', 'token-bucket', 'ceiling'] as const

/** Another run of the same system: other rounds, drawn anew. */
function runOf(seed: number, rounds = 8): Run {
  return { ...exampleRun({ rounds, seed, modes: MODES }), run_id: `run-${seed}` }
}

function withTrials(run: Run, change: (trial: Trial) => Partial<Trial>): Run {
  return { ...run, trials: run.trials.map((trial) => ({ ...trial, ...change(trial) })) }
}

/** A run whose every figure that takes time is that many times as good or bad, as on a machine of another speed. */
function atSpeed(run: Run, speed: (trial: Trial) => number): Run {
  return withTrials(run, (trial) => ({
    loads: trial.loads.map((load) => ({ ...load, seconds: load.seconds / speed(trial) })),
  }))
}

function rowOf(rows: readonly Row[], mode: string, figure: string): Row {
  const found = rows.find((row) => row.mode === mode && row.figure === figure)
  if (!found) throw new Error(`no row ${mode} ${figure}`)
  return found
}

describe('compareRuns', () => {
  it('sees no difference between two runs of the same, and says what it would have seen', () => {
    const comparison = compareRuns(runOf(1), runOf(2))
    expect(comparison.outcome).toBe('no difference seen')
    expect(comparison.verdict).toMatch(
      /^No difference seen in \d+ figures\. A change of accepted\/s by ± [\d.]+ % or more/,
    )
    expect(comparisonSchema.parse(comparison)).toEqual(comparison)
    expect(rowOf(comparison.rows, 'none', 'accepted/s')).toMatchObject({ reference: 'ceiling', judged: true })
  })

  it('raises a false alarm in at most 5 % of comparisons, though each has many figures', () => {
    const seeds = createRandom(5)
    const draw = () => runOf(Math.floor(seeds() * 2 ** 31), 5)
    const alarms = Array.from({ length: 40 }, () => compareRuns(draw(), draw())).filter(
      ({ outcome }) => outcome !== 'no difference seen',
    )
    expect(alarms.length).toBeLessThanOrEqual(4)
  }, 60_000)

  it('does not take a slower machine for a slower system', () => {
    const comparison = compareRuns(
      runOf(1),
      atSpeed(runOf(2), () => 0.3),
    )
    expect(comparison.outcome).toBe('no difference seen')
    const ceiling = rowOf(comparison.rows, 'ceiling', 'accepted/s')
    expect(ceiling).toMatchObject({ judged: false, verdict: 'maybe worse' })
  })

  it('names what got slower, by how much, and nothing else', () => {
    const slower = atSpeed(runOf(2), ({ mode }) => (mode === 'token-bucket' ? 0.7 : 1))
    const comparison = compareRuns(runOf(1), slower)
    expect(comparison.outcome).toBe('regression')
    expect(comparison.verdict).toMatch(/^Worse: token-bucket accepted\/s −\d+ % \(−\d+ % to −\d+ %\)\./)
    expect(rowOf(comparison.rows, 'none', 'accepted/s').verdict).toBe('no difference seen')
    expect(compareRuns(slower, runOf(1)).outcome).toBe('improvement')
  })

  it('sees one more command in each request from a single round, however noisy', () => {
    const one = (seed: number) => runOf(seed, 1)
    const more = withTrials(one(2), ({ work, mode }) => ({
      work:
        work && mode === 'none'
          ? { ...work, redis_commands: { ...work.redis_commands, request: work.redemptions } }
          : work,
    }))
    const comparison = compareRuns(one(1), more)
    expect(comparison).toMatchObject({
      outcome: 'regression',
      verdict: expect.stringMatching(/^Worse: none Redis commands 0 → 1\./),
    })
  })

  it('calls an invariant that broke since a regression, whatever got faster', () => {
    const broken = [{ number: 1, title: 'no overselling', examined: 9, broken: ['a1'] }]
    const after = withTrials(
      atSpeed(runOf(2), ({ mode }) => (mode === 'none' ? 2 : 1)),
      ({ mode }) => (mode === 'none' ? { invariants: broken } : {}),
    )
    const comparison = compareRuns(runOf(1), after)
    expect(comparison.outcome).toBe('regression')
    expect(comparison.verdict).toMatch(/^Broke: none: invariant 1 \(no overselling\)\./)
    expect(compareRuns(after, after).broken).toEqual([])
  })

  it('calls requests that fail since a regression, however fast they fail', () => {
    const failing = withTrials(
      atSpeed(runOf(2), ({ mode }) => (mode === 'none' ? 2 : 1)),
      ({ mode, loads }) =>
        mode === 'none' ? { loads: loads.map((load) => ({ ...load, errors: Math.ceil(load.accepted / 10) })) } : {},
    )
    const comparison = compareRuns(runOf(1), failing)
    expect(comparison).toMatchObject({
      outcome: 'regression',
      failing: [expect.stringMatching(/^none: 9\.\d+ % requests that failed, 0 % before$/)],
      verdict: expect.stringContaining('Fails: none: 9.'),
    })
    expect(renderComparisonJunit(comparison)).toContain('they were answered before')
    expect(compareRuns(failing, failing).failing).toEqual([])
  })

  it('calls redemptions that are refused since a regression, though a refusal is fast, and costs nothing', () => {
    const refusing = withTrials(runOf(2), ({ mode, loads }) =>
      mode === 'none'
        ? { loads: loads.map((load) => ({ ...load, refused: load.accepted, accepted: 0, steady: null })), work: null }
        : {},
    )
    const comparison = compareRuns(runOf(1), refusing)
    expect(comparison.outcome).toBe('regression')
    expect(comparison.failing).toContain('none: 100 % redemptions that were refused, 0 % before')
  })

  it('concludes nothing while one mode has too few rounds, and names it', () => {
    const thin = withTrials(runOf(2), ({ mode, round }) =>
      mode === 'none' && round > 3 ? { status: 'invalid', failure: 'the generator was late\n<anonymous>' } : {},
    )
    const { outcome, verdict, warnings } = compareRuns(runOf(1), thin)
    expect({ outcome, verdict }).toEqual({
      outcome: 'nothing can be concluded',
      verdict:
        'Nothing can be concluded: there are too few rounds of none, five are needed in both runs; the counted work is the same.',
    })
    expect(warnings.join()).toMatch(/left out, the first because the generator was late$/)
    const better = atSpeed(thin, ({ mode }) => (mode === 'token-bucket' ? 2 : 1))
    expect(compareRuns(runOf(1), better).outcome).toBe('nothing can be concluded')
  })

  it('says of what size a change would have been seen among all figures, which is more than by itself', () => {
    const { rows } = compareRuns(runOf(1), runOf(2))
    const { detectable, ratio } = rowOf(rows, 'none', 'accepted/s')
    expect(detectable).toBeGreaterThan(1.5 * ((ratio?.high ?? 0) / (ratio?.estimate ?? 1) - 1))
  })

  it('concludes nothing from a few rounds, or without anything to hold the time against', () => {
    expect(compareRuns(runOf(1, 4), runOf(2, 4))).toMatchObject({
      outcome: 'nothing can be concluded',
      verdict:
        'Nothing can be concluded: there are too few rounds, five are needed in both runs; the counted work is the same.',
    })
    const alone = (seed: number) => exampleRun({ rounds: 8, seed, modes: ['none'] })
    const comparison = compareRuns(
      alone(1),
      atSpeed(alone(2), () => 0.1),
    )
    expect(comparison.outcome).toBe('nothing can be concluded')
    expect(comparison.warnings.join()).toContain('no ceiling in both runs')
  })

  it('of an open loop compares latencies and CPU, not the rates that were offered', () => {
    const open = (seed: number, slower = 1): Run => {
      const random = createRandom(seed)
      const run = withTrials(runOf(seed), ({ mode, loads }) => {
        const ms = (mode === 'none' ? slower : 1) * (20 + random())
        const histogram = exampleHistogram(Array.from({ length: 400 }, (_, n) => ms + (n % 7)))
        return { loads: loads.map((load) => ({ ...load, histogram })) }
      })
      return { ...run, plan: { ...run.plan, arrivals: { model: 'constant', rate: 100 }, paced: true } }
    }
    const same = compareRuns(open(1), open(2))
    expect(same.outcome).toBe('no difference seen')
    expect(same.rows.map(({ figure }) => figure)).not.toContain('accepted/s')
    const slow = compareRuns(open(1), open(2, 2))
    expect(slow.outcome).toBe('regression')
    expect(slow.verdict).toMatch(/^Worse: none p10 /)
  })

  it('counts per answer where few of them are redemptions: how many came too late changes nothing', () => {
    const soldOut = (seed: number, answers: number) =>
      withTrials(runOf(seed), ({ mode, loads, work }) => {
        const accepted = mode === 'ceiling' ? answers : 100
        const commands = { ...work?.redis_commands, request: 3 * answers, ledger: 0, job: 0 }
        return {
          loads: loads.map((load) => ({ ...load, accepted, refused: answers - accepted })),
          work: work && { ...work, redemptions: 100, redis_commands: commands },
        }
      })
    const comparison = compareRuns(soldOut(1, 9_000), soldOut(2, 9_900))
    expect(rowOf(comparison.rows, 'none', 'Redis commands')).toMatchObject({
      ...{ unit: 'per answer', first: 3, second: 3, verdict: 'the same' },
    })
    expect(comparison.rows.map(({ figure }) => figure)).toContain('CPU to answer')
    expect(comparison.rows.map(({ figure }) => figure)).not.toContain('CPU to drain')
  })

  it('concludes nothing when a mode has no trial left that counts, and tells what was left out', () => {
    const failed = withTrials(runOf(2), ({ mode }) =>
      mode === 'none' ? { status: 'invalid', failure: 'requests left late', loads: [] } : {},
    )
    const comparison = compareRuns(runOf(1), failed)
    expect(comparison.outcome).toBe('nothing can be concluded')
    expect(comparison.verdict).toBe('Nothing can be concluded: no trial of none counts any more.')
    expect(comparison.warnings).toContain('run-2: 8 of 24 trials left out, the first because requests left late')
    const alone = { ...runOf(2), plan: { ...runOf(2).plan, modes: ['none', 'ceiling'] as Run['plan']['modes'] } }
    expect(compareRuns(runOf(1), alone).warnings).toContain('only run-1 has token-bucket')
  })

  it('lets nothing that takes time decide between two machines, and says what differs', () => {
    const other = runOf(2)
    const elsewhere = { ...other, environment: { ...other.environment, cores: 64, node: 'v24.0.0' } }
    const comparison = compareRuns(
      runOf(1),
      atSpeed(elsewhere, ({ mode }) => (mode === 'none' ? 0.2 : 1)),
    )
    expect(comparison.outcome).toBe('nothing can be concluded')
    expect(comparison.warnings).toEqual(
      expect.arrayContaining(['cores: 2 → 64', 'node: v20.20.2 → v24.0.0', expect.stringContaining('another machine')]),
    )
  })
})

describe('whyIncomparable', () => {
  const run = runOf(1)
  const planned = (plan: Partial<Run['plan']>): Run => ({ ...run, plan: { ...run.plan, ...plan } })

  it.each([
    ['scenario', planned({ scenario: 'sold-out' }), 'scenario hot-code and sold-out'],
    ['connections', planned({ connections: 51 }), 'connections 50 and 51'],
    ['profile', planned({ profile: { ...run.plan.profile, pool: 50 } }), '"pool":50'],
    ['latency', planned({ db_latency_ms: 2 }), 'db_latency_ms 0 and 2'],
    ['modes', planned({ modes: ['in-process', 'ceiling'] }), 'no limiter mode in common'],
  ])('another %s', (_, other, reason) => {
    expect(whyIncomparable(run, other)).toContain(reason)
  })

  it('does not mind another seed, number of rounds or a mode more', () => {
    const poisson = (seed: number) => planned({ arrivals: { model: 'poisson', rate: 5, seed } })
    expect(whyIncomparable(run, planned({ seed: 9, rounds: 3, modes: ['none', 'in-process'] }))).toBeNull()
    expect(whyIncomparable(poisson(1), poisson(2))).toBeNull()
  })
})
