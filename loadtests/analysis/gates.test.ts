import { describe, expect, it } from 'vitest'
import type { GateName, Load, Run, Trial } from '../run-file.ts'
import { loadTargets } from '../targets/load-targets.ts'
import { exampleHistogram, exampleRun } from './example-run.ts'
import { judgeRun, judgeTrial, mergeGates } from './gates.ts'
import { summarise } from './summarise.ts'

const targets = await loadTargets()

/** An open loop of 500 people per second in which all is well, but for what is changed. */
function openRun(change: { load?: Partial<Load>; trial?: Partial<Trial>; only?: (trial: Trial) => boolean } = {}): Run {
  const closed = exampleRun({ modes: ['none', 'token-bucket', 'ceiling'] })
  const plan = {
    ...closed.plan,
    engine: 'paced' as const,
    arrivals: { model: 'constant' as const, rate: 500 },
    paced: true,
  }
  const scheduled = 500 * plan.duration
  const schedule = {
    scheduled,
    sent: scheduled,
    dropped: 0,
    began_at_ms: null,
    lag_histogram: exampleHistogram([0.1, 0.2]),
  }
  const trials = closed.trials.map((trial): Trial => {
    const isChanged = trial.mode !== 'ceiling' && (change.only?.(trial) ?? true)
    const answers = trial.mode === 'ceiling' ? 3 * scheduled : scheduled
    const loads = trial.loads.map((load) => ({ ...load, accepted: answers, schedule, ...(isChanged && change.load) }))
    return { ...trial, cpu_pressure: 0.2, loads, ...(isChanged && change.trial) }
  })
  return { ...closed, plan, trials }
}

function verdictOf(name: GateName, run: Run) {
  const [trial] = run.trials.filter(({ mode }) => mode === 'none') as [Trial]
  return judgeTrial(trial, { run }).find((gate) => gate.name === name)?.verdict
}

const busyGenerator = (trial: Trial) => trial.samples.map((one) => ({ ...one, cpu: { ...one.cpu, generator: 0.95 } }))
const schedule = {
  scheduled: 5_000,
  sent: 5_000,
  dropped: 0,
  began_at_ms: null,
  lag_histogram: exampleHistogram([0.1]),
}
const steady = { from: 0, seconds: 10, accepted: 1, served: 0, refused: 0, errors: 0, histogram: exampleHistogram([1]) }

describe('judgeTrial', () => {
  it('lets a sound trial pass', () => {
    const run = openRun()
    const [trial] = run.trials as [Trial]
    expect(judgeTrial(trial, { run }).filter(({ verdict }) => verdict !== 'pass')).toMatchObject([
      { name: 'steady_state', verdict: 'not known' },
    ])
  })

  it('k6 may use a share of all cores, the others of one', () => {
    const run = openRun({ trial: { samples: busyGenerator(openRun().trials[0] as Trial) } })
    const ofK6 = { ...run, plan: { ...run.plan, engine: 'k6' as const }, environment: { ...run.environment, cores: 2 } }
    expect([verdictOf('generator_cpu', run), verdictOf('generator_cpu', ofK6)]).toEqual(['fail', 'pass'])
    const single = { ...ofK6, environment: { ...run.environment, cores: 1 } }
    expect(verdictOf('generator_cpu', single)).toBe('fail')
  })

  it.each<[GateName, 'doubt' | 'fail', Parameters<typeof openRun>[0]]>([
    ['generator_cpu', 'fail', { trial: { samples: busyGenerator(openRun().trials[0] as Trial) } }],
    ['offered', 'fail', { load: { schedule: { ...schedule, sent: 4_900, dropped: 100 } } }],
    ['dropped', 'fail', { load: { schedule: { ...schedule, sent: 4_999, dropped: 1 } } }],
    ['schedule_lag', 'fail', { load: { schedule: { ...schedule, lag_histogram: exampleHistogram([0.1, 80]) } } }],
    ['no_op_ceiling', 'fail', { load: { schedule: { ...schedule, scheduled: 6_000, sent: 6_000 } } }],
    ['steal', 'doubt', { trial: { steal: 0.2 } }],
    ['cpu_pressure', 'doubt', { trial: { cpu_pressure: 0.9 } }],
    ['steady_state', 'doubt', { load: { steady: { ...steady, drift: 0.4, is_steady: false } } }],
    ['clock_step', 'fail', { load: { clock_step_ms: 3_600_000 } }],
    [
      'telemetry',
      'doubt',
      { trial: { samples: (openRun().trials[0] as Trial).samples.map((one) => ({ ...one, event_loop: null })) } },
    ],
  ])('%s: %s', (name, verdict, change) => {
    expect(verdictOf(name, openRun(change))).toBe(verdict)
  })

  it('of a target that nobody looks into, only missing seconds are gaps', () => {
    const run = openRun({ trial: { mode: 'target' } })
    const trial = run.trials.find(({ mode }) => mode === 'target') as Trial
    const blind = trial.samples.map((sample) => ({ ...sample, event_loop: null }))
    const telemetry = (samples: Trial['samples']) =>
      judgeTrial({ ...trial, samples }, { run }).find(({ name }) => name === 'telemetry')?.verdict
    expect(telemetry(blind)).toBe('pass')
    expect(telemetry(blind.filter((_, index) => index % 2 === 0))).toBe('doubt')
  })

  it('a lag is held against the target that the run has', () => {
    const run = openRun({ load: { schedule: { ...schedule, lag_histogram: exampleHistogram([30]) } } })
    const [trial] = run.trials as [Trial]
    const lagOf = (targetMs: number) =>
      judgeTrial(trial, { run, targetMs }).find(({ name }) => name === 'schedule_lag')?.verdict
    expect([lagOf(1_000), lagOf(200)]).toEqual(['pass', 'fail'])
  })

  it('a warm-up that does not end is told apart from a drift', () => {
    const run = openRun({ load: { steady: { ...steady, drift: 0.01, is_steady: false } } })
    const [trial] = run.trials as [Trial]
    expect(judgeTrial(trial, { run }).find(({ name }) => name === 'steady_state')).toMatchObject({
      verdict: 'doubt',
      value: null,
      told: 'its warm-up did not end within half of the load',
    })
  })
})

describe('a run with trials that do not count', () => {
  const dropping = { load: { schedule: { ...schedule, sent: 4_000, dropped: 1_000 } } }

  it('has no figure of them, and says why', () => {
    const summary = summarise(judgeRun(openRun({ ...dropping, only: ({ mode }) => mode === 'none' })), targets)
    const [none, bucket] = summary.results
    expect(none).toMatchObject({ validity: 'INVALID', invalid_trials: 5, accepted_per_second: null, latency_ms: null })
    expect(none?.validity_reasons[1]).toMatch(/^round 1, 2, 3, 4, 5 are INVALID: .*1,000 people never came/)
    expect(bucket).toMatchObject({ validity: 'VALID', invalid_trials: 0 })
    expect(summary.verdict).toContain('Nothing can be said of none')
  })

  it('goes on with those that do, and is inconclusive', () => {
    const only = ({ mode, round }: Trial) => mode === 'none' && round === 2
    const [none] = summarise(judgeRun(openRun({ ...dropping, only })), targets).results
    expect(none).toMatchObject({ validity: 'INCONCLUSIVE', invalid_trials: 1, trials: 5 })
    expect(none?.latency_ms).not.toBeNull()
    expect(none?.gates.find(({ name }) => name === 'dropped')).toMatchObject({ verdict: 'fail', value: 1_000 })
  })
})

describe('targets in an open loop', () => {
  it('say nothing of a rate: it is what was offered', () => {
    const { targets: judged } = summarise(judgeRun(openRun()), targets)
    const rate = judged.find(({ name }) => name === 'token-bucket over none on a hot code')
    expect(rate).toMatchObject({ verdict: 'not measurable here', why: 'in an open loop the rate is what was offered' })
  })
})

describe('mergeGates', () => {
  it('a doubt about less than half of the trials is told, but does not count', () => {
    const stolen = (rounds: number) => {
      const run = openRun({ trial: { steal: 0.3 }, only: ({ round }) => round <= rounds })
      const trials = run.trials.filter(({ mode }) => mode === 'none')
      return mergeGates(trials, { run }).find(({ name }) => name === 'steal')
    }
    expect(stolen(1)).toMatchObject({ verdict: 'pass', told: expect.stringContaining('in 1 of 5 trials') })
    expect(stolen(3)).toMatchObject({ verdict: 'doubt' })
  })

  it('show the worst of all trials, whatever its round', () => {
    const run = openRun()
    const trials = run.trials
      .filter(({ mode }) => mode === 'none')
      .map((trial, index): Trial => ({ ...trial, steal: [0.01, 0.02, 0.09, 0, 0][index] ?? 0 }))
    expect(mergeGates(trials, { run }).find(({ name }) => name === 'steal')).toMatchObject({ value: 0.09 })
  })

  it.each<[string, readonly number[], 'pass' | 'doubt']>([
    ['one way', [0.4, 0.2, 0.3, 0, 0], 'doubt'],
    ['mostly one way', [0.4, 0.2, 0.3, 0.2, -0.3], 'doubt'],
    ['both ways', [0.4, -0.2, 0.3, 0.2, -0.3], 'pass'],
  ])('drifts %s: %j', (_, drifts, verdict) => {
    const run = openRun()
    const trials = run.trials
      .filter(({ mode }) => mode === 'none')
      .map((trial, index): Trial => {
        const drift = drifts[index] ?? 0
        const loads = trial.loads.map((load) => ({ ...load, steady: { ...steady, drift, is_steady: drift === 0 } }))
        return { ...trial, loads }
      })
    const gate = mergeGates(trials, { run }).find(({ name }) => name === 'steady_state')
    expect(gate).toMatchObject({
      verdict,
      ...(verdict === 'pass' && { told: expect.stringContaining('(3 up, 2 down)') }),
    })
  })
})
