import { expect, it } from 'vitest'
import { PROFILES_COMMAND } from '../commands/sweep-profiles.ts'
import type { Point } from '../points/points-file.ts'
import { analyseProfiles } from './analyse-profiles.ts'
import { exampleSweep, exampleTrial } from './example-sweep.ts'
import { guideProfiles } from './guide-profiles.ts'
import { ratePoint, type Setting, sizingPoint } from './profile-points.ts'
import { profilesSummarySchema } from './profiles-file.ts'

const USER = { think_time_s: 10, p95_ms: 1_000 }
const SETTINGS = guideProfiles('none').map((guide): Setting => ({ guide, mode: 'none', latencyMs: 0, duration: 15 }))
const RATES = [90, 100, 110]

/** Each box carries 100 people per second for each of its workers; above that jobs pile up. */
function trialOf(point: Point) {
  const rate = point.arrivals?.model === 'constant' ? point.arrivals.rate : 1_000
  const over = rate - 100 * point.profile.workers
  const queue = (t: number) => ({ stream: 0, outbox: 0, jobs: over > 0 ? over * t : 0 })
  return exampleTrial(point, { rate: 2 * rate, queue, drainRate: 120, meanMs: 20 })
}

function runOf(settings: readonly Setting[]) {
  const points = settings.flatMap((setting) => [sizingPoint(setting), ...RATES.map((rate) => ratePoint(setting, rate))])
  const trials = points.flatMap((point) => [trialOf(point), { ...trialOf(point), round: 2 }])
  return { ...exampleSweep({ points: [], figuresOf: () => ({ rate: 1 }) }), command: PROFILES_COMMAND, points, trials }
}

it('counts the users of the highest rate that held twice, and says what gave out above it', () => {
  const summary = analyseProfiles(runOf(SETTINGS), USER)
  const [before] = summary.profiles
  // 100 redemptions and 100 looks a second, each user one in 10.02 s.
  expect(before?.carried).toMatchObject({ people_per_second: 100, users: expect.closeTo(200 * 10.02, 0), trials: 2 })
  expect(before?.missed?.people_per_second).toBe(110)
  expect(before?.bound).toMatch(/^the workers \(1 × 1 job at a time\)/)
  expect(summary.verdict).toContain('"before" with stores 0 ms away carries 2,004 users (claimed: 10–15)')
  expect(profilesSummarySchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(JSON.parse(JSON.stringify(summary)))
})

it('takes a rate that missed once for missed, and one trial for none', () => {
  const run = runOf(SETTINGS)
  const [before] = analyseProfiles({ ...run, trials: run.trials.filter(({ round }) => round === 1) }, USER).profiles
  expect(before?.carried).toBeNull()
  const trials = run.trials.map((trial) =>
    trial.profile === 'before, 0 ms: 100 people/s' && trial.round === 2
      ? { ...trial, drain: { redemptions: 1, seconds: 9 } }
      : trial,
  )
  expect(analyseProfiles({ ...run, trials }, USER).profiles[0]?.carried?.people_per_second).toBe(90)
})

it('a box that broke an invariant carries nobody', () => {
  const run = runOf(SETTINGS)
  const trials = run.trials.map((trial) =>
    trial.profile === 'before, 0 ms: 110 people/s'
      ? { ...trial, invariants: trial.invariants.map((one) => ({ ...one, broken: ['x'] })) }
      : trial,
  )
  const summary = analyseProfiles({ ...run, trials }, USER)
  expect(summary.profiles[0]?.carried?.users).toBe(0)
  expect(summary.verdict).toContain('BROKE')
})

it('of a trial that sizes a box a broken invariant counts as well, but not how long the drain took', () => {
  const run = runOf(SETTINGS)
  const sizing = new Set(run.points.filter(({ arrivals }) => arrivals === null).map(({ name }) => name))
  const brokenTrials = (number: number) => {
    const invariants = [{ number, title: 'x', examined: 1, broken: ['x'] }]
    const trials = run.trials.map((trial) => (sizing.has(trial.profile) ? { ...trial, invariants } : trial))
    return analyseProfiles({ ...run, trials }, USER).profiles[0]?.broken_trials
  }
  expect(brokenTrials(1)).toBeGreaterThan(0)
  expect(brokenTrials(12)).toBe(0)
})
