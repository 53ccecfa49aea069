import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../errors.ts'
import { type CapacityOptions, describeSearch } from './capacity.ts'
import { exitCodeOf } from './finish-capacity.ts'
import { parseGoal } from './goal-option.ts'

const OPTIONS: CapacityOptions = {
  modes: ['none'],
  closed: false,
  acceptOnly: false,
  codes: 1,
  searches: 1,
  quick: false,
  out: 'reports',
  json: false,
  servers: 1,
  workers: 1,
  concurrency: 100,
  pool: 10,
  semaphore: 10,
  redisConnections: 1,
  dbLatency: 0,
  redisLatency: 0,
  allowNonempty: false,
}

describe('parseGoal', () => {
  it('reads a percentile and a time, and gathers several', () => {
    const first = parseGoal('p99=300ms', undefined)
    expect(parseGoal('p99.9=1.5s', first)).toEqual([
      { name: 'p99=300ms', percentile: 99, most_ms: 300 },
      { name: 'p99.9=1.5s', percentile: 99.9, most_ms: 1_500 },
    ])
    expect(parseGoal('p99=300ms', first)).toHaveLength(1)
  })

  it.each(['p100=1s', 'p10=1s', '99=1s', 'p99', 'p99=', 'p99=0', 'p99=fast', 'p99=20s'])('refuses %s', (value) => {
    expect(() => parseGoal(value, undefined)).toThrow(InvalidArgumentError)
  })
})

describe('describeSearch', () => {
  it('has the best of three trials, the first ones a third as long', () => {
    expect(describeSearch(OPTIONS)).toMatchObject({
      loop: 'open',
      width: 0.02,
      initial_trial_seconds: 2,
      final_trial_seconds: 6,
      duration_sum: 18,
      goals: [{ name: 'p99=300ms' }, { name: 'p95=1s' }],
    })
    expect(describeSearch({ ...OPTIONS, quick: true })).toMatchObject({ width: 0.1, final_trial_seconds: 3 })
    expect(describeSearch({ ...OPTIONS, closed: true })).toMatchObject({ loop: 'closed', step: 1, start: 8 })
    expect(describeSearch({ ...OPTIONS, most: 100 })).toMatchObject({ start: 100, most: 100 })
    // Of fewer people a minute has too few answers for such a percentile.
    const rare = { name: 'p99.99=1s', percentile: 99.99, most_ms: 1_000 }
    expect(describeSearch({ ...OPTIONS, goal: [rare] })).toMatchObject({ start: 600, least: 600 })
  })

  it.each<[Partial<CapacityOptions>, string]>([
    [{ start: 500, most: 100 }, '--start 500 is more than the highest load that is tried, 100 (--most).'],
    [
      { start: 0.5 },
      '0.5/s: below 6 people per second a trial of a minute has too few answers for p99=300ms. Give a --start from 6 on, or a lower percentile.',
    ],
    [{ closed: true, start: 0 }, '--start 0: no load below 1 is tried.'],
    [{ closed: true, start: 2.5 }, '--start and --most are connections with --closed: whole numbers.'],
  ])('refuses %j', (change, told) => {
    expect(() => describeSearch({ ...OPTIONS, ...change })).toThrow(new UsageError(told))
  })
})

it('a broken invariant is 4, a mode of which nothing can be said 3', () => {
  const codeOf = (...kinds: Parameters<typeof exitCodeOf>[0][number]['kind'][]) =>
    exitCodeOf(kinds.map((kind) => ({ kind })))
  expect(codeOf('interval', 'at least', 'below')).toBe(0)
  expect(codeOf('interval', 'unknown')).toBe(3)
  expect(codeOf('unknown', 'zero')).toBe(4)
  expect(codeOf()).toBe(3)
})
