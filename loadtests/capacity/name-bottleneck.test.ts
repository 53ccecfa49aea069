import { expect, it } from 'vitest'
import type { LimiterMode, Sample } from '../run-file.ts'
import { EXAMPLE_POINT, exampleTrial, type TrialChange } from './example-trial.ts'
import { nameBottleneck } from './name-bottleneck.ts'

interface Case {
  readonly change: Partial<Sample>
  readonly trial?: TrialChange['trial']
  readonly mode?: LimiterMode
  readonly codes?: number
  readonly offered?: string
}

const UNKNOWN = { released: null, hold_ms: null, busy_seconds: null }
const FULL_POOL = { size: 10, in_use: 10, waiting: 40, wait_ms: 55, ...UNKNOWN }

function nameOf({ change, trial, mode = 'none', codes = 1, offered }: Case) {
  const { profile } = EXAMPLE_POINT
  const looked = [exampleTrial({ sample: () => change, ...(trial && { trial }) })]
  return nameBottleneck(looked, { mode, profile, codes, cores: 4 }, offered ?? null)
}

it.each<[string, Case, readonly string[]]>([
  [
    'an event loop that fills its core',
    { change: { event_loop: { lag_ms: 9, utilisation: 0.99 }, cpu: { server: 1 } } },
    ['event loop'],
  ],
  ['Postgres on all cores', { change: { cpu: { postgres: 3.6 } } }, ['Postgres CPU', 'machine']],
  ['a full pool, over many codes', { change: { pool: FULL_POOL }, codes: 100 }, ['pool wait']],
  ['a full pool, most of which waits for a lock', { change: { pool: FULL_POOL, lock_waiting: 8.7 } }, ['row lock']],
  ['a full pool without locks, also on one row', { change: { pool: FULL_POOL, lock_waiting: 0.4 } }, ['pool wait']],
  ['a full pool on one row, in runs of before', { change: { pool: FULL_POOL } }, ['row lock']],
  ['Redis, which has one core', { change: { cpu: { redis: 0.95 } } }, ['Redis CPU']],
  ['people in the line of the semaphore', { change: { limiter_waiting: 30 }, mode: 'in-process' }, ['limiter']],
  ['a drain that falls behind', { change: { queue: { stream: 0, outbox: 900, jobs: 0 } } }, ['worker backlog']],
  ['a generator that fills its core', { change: { cpu: { generator: 0.9 } } }, ['generator']],
  ['a generator that could not make it', { change: {}, offered: 'requests left 90 ms late' }, ['generator']],
  [
    'a machine that all together fill',
    { change: { cpu: { server: 0.8, postgres: 1.5, worker: 0.7, generator: 0.6 } } },
    ['machine'],
  ],
  ['a machine that others use', { change: {}, trial: { cpu_pressure: 0.95 } }, ['machine']],
  [
    'a semaphore before a full pool',
    { change: { pool: FULL_POOL, limiter_waiting: 30 }, mode: 'in-process' },
    ['row lock', 'limiter'],
  ],
  ['nothing', { change: {} }, []],
])('names %s', (_name, given, names) => {
  const found = nameOf(given)
  expect(found?.names).toEqual(names)
  expect(found?.evidence.length).toBeGreaterThanOrEqual(3)
  for (const [index, name] of names.entries()) expect(found?.evidence[index]).toMatch(new RegExp(`^${name}: `))
})

it('an event loop that is busy without its core waits for the machine', () => {
  const change = { event_loop: { lag_ms: 40, utilisation: 0.98 }, cpu: { server: 0.4 } }
  const found = nameOf({ change, trial: { cpu_pressure: 0.97 } })
  expect(found?.names).toEqual(['machine'])
  expect(found?.use.slice(0, 2)).toEqual([
    { station: 'machine', share: expect.closeTo(0.97) },
    { station: 'event loop', share: expect.closeTo(0.98) },
  ])
})

it('a bucket takes no row, so whoever waits for a connection waits for the pool', () => {
  expect(nameOf({ change: { pool: FULL_POOL }, mode: 'token-bucket' })?.names).toEqual(['pool wait'])
})

it('says nothing of trials without telemetry', () => {
  expect(nameOf({ change: {}, trial: { samples: [] } })).toBeNull()
})
