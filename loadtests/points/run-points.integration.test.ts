import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { answersOf, loadOf } from '../analysis/rounds.ts'
import { type Point, type PointsRun, pointsRunSchema } from './points-file.ts'
import { runPoints } from './run-points.ts'

const PROFILE = { servers: 1, workers: 1, concurrency: 10, pool: 4, semaphore: 10, redis_connections: 1 }
const COMMON = {
  profile: PROFILE,
  codes: 1,
  polls: 0,
  think_ms: 0,
  connections: 1,
  arrivals: null,
  redis_latency_ms: 0,
  warm_up: 0.3,
  warm_up_people: 0,
  duration: 1,
}
const FAR: Point = { ...COMMON, name: 'none, 20 ms away', mode: 'none', db_latency_ms: 20, drain: 'paused' }
const POINTS: Point[] = [
  FAR,
  { ...FAR, name: 'none, 20 ms away, 3 at a time', connections: 3 },
  { ...COMMON, name: 'none, draining', mode: 'none', db_latency_ms: 0, drain: 'running' },
  {
    ...COMMON,
    name: 'people who look',
    mode: 'token-bucket',
    db_latency_ms: 0,
    drain: 'running',
    polls: 1,
    think_ms: 10,
    connections: 20,
    warm_up_people: 200,
    arrivals: { model: 'poisson', rate: 30, seed: 1 },
  },
  { ...COMMON, name: 'one of 100 codes', mode: 'token-bucket', db_latency_ms: 0, drain: 'paused', codes: 100 },
]

let directory: string
let run: PointsRun
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'points-'))
  const quiet = () => undefined
  run = await runPoints({
    command: 'sweep',
    repeatWith: 'npm run sweep',
    runId: 'test-points',
    directory,
    points: POINTS,
    rounds: 1,
    processesPer: 'round',
    seed: 7,
    allowNonempty: false,
    progress: { say: quiet, begin: quiet, sample: quiet, end: quiet },
    signal: new AbortController().signal,
  })
})
afterAll(() => rm(directory, { recursive: true }))

function trialOf(name: string) {
  const trial = run.trials.find(({ profile }) => profile === name)
  if (trial === undefined) throw new Error(`no trial of ${name}`)
  expect(trial.failure).toBeNull()
  return trial
}

test('each point is tried on the same stores, and all is kept in a file', async () => {
  const kept = pointsRunSchema.parse(JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')))
  expect(kept).toEqual(JSON.parse(JSON.stringify(run)))
  expect(kept).toMatchObject({ status: 'complete', trials: expect.arrayContaining([]) })
  expect(kept.trials.map(({ profile }) => profile).sort()).toEqual(POINTS.map(({ name }) => name).sort())
  for (const { invariants } of kept.trials) expect(invariants.flatMap(({ broken }) => broken)).toEqual([])
})

test('points of one size run on the same processes, one after the other, each on clean data', () => {
  const trials = run.trials.map(({ profile, trials_before: before, position }) => ({ profile, before, position }))
  const pairs = [POINTS.slice(0, 2), POINTS.slice(3)].map((points) => points.map(({ name }) => name))
  for (const names of pairs) {
    const [first, second] = trials.filter(({ profile }) => names.includes(profile))
    expect([first?.before, second?.before]).toEqual([0, 1])
    expect(second?.position).toBe((first?.position ?? 0) + 1)
  }
  expect(trials.find(({ profile }) => profile === 'none, draining')?.before).toBe(0)
  for (const { burst, invariants, loads } of run.trials) {
    expect(burst?.accepted).toBe(burst?.uses)
    const accepted = invariants.find(({ number }) => number === 2)?.examined ?? 0
    // Those of the trial before would be among them.
    if (loads.every(({ name }) => name === 'paused')) expect(accepted).toBeLessThan(3 * (loads[0]?.accepted ?? 0) + 210)
  }
})

test('a delay is one of its own point alone, and its CPU is counted', () => {
  const far = trialOf('none, 20 ms away')
  const near = trialOf('none, draining')
  const load = loadOf(far, 'paused')
  // One connection that waits for at least one way of 20 ms each time.
  expect((load?.accepted ?? 0) / (load?.seconds ?? 1)).toBeLessThan(50)
  expect(load?.cpu_ms.delay_proxy).toBeGreaterThanOrEqual(0)
  expect(far.work?.sql_statements.request).toBeGreaterThan(0)
  expect(loadOf(near, 'running')?.cpu_ms).not.toHaveProperty('delay_proxy')
  expect(loadOf(near, 'running')?.accepted).toBeGreaterThan(10)
})

test('so many redeem before the warm-up, and are judged with the rest', () => {
  const { invariants, loads } = trialOf('people who look')
  const examined = Math.max(...invariants.map((one) => one.examined))
  expect(examined).toBeGreaterThanOrEqual(200 + (loads[0]?.accepted ?? 0))
})

test('an open loop keeps its schedule, and people look at their status', () => {
  const load = loadOf(trialOf('people who look'), 'running')
  expect(load?.schedule?.dropped).toBe(0)
  expect(load?.served).toBeGreaterThan(10)
  expect(load && answersOf(load)).toBeGreaterThan(30)
})
