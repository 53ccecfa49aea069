import { describe, expect, it } from 'vitest'
import { parseVariation } from '../sweep/parse-variation.ts'
import { describeSweep, planSweep, roundsOf, type SweepChoices } from './plan-sweep.ts'

const CHOICES = {
  vary: [parseVariation('pool=5,10')],
  mode: 'none',
  codes: 1,
  drain: 'paused',
  quick: false,
  servers: 1,
  workers: 1,
  concurrency: 100,
  pool: 10,
  semaphore: 10,
  redisConnections: 1,
  dbLatency: 2,
  redisLatency: 0,
  allowNonempty: false,
} satisfies SweepChoices

const nothing = () => false
const plan = (changes: Partial<SweepChoices>, isGiven: (option: string) => boolean = nothing) =>
  planSweep({ ...CHOICES, ...changes }, isGiven)

describe('planSweep', () => {
  it('makes a point of each value, all else as chosen', () => {
    const points = plan({})
    expect(points.map(({ name, profile }) => [name, profile.pool])).toEqual([
      ['pool 5', 5],
      ['pool 10', 10],
    ])
    expect(points[0]).toMatchObject({ connections: 50, arrivals: null, db_latency_ms: 2, duration: 3 })
  })

  it('takes an open loop longer, with connections as a bound', () => {
    const [point] = plan({ rate: { model: 'constant', rate: 300 } })
    expect(point).toMatchObject({ connections: 1_000, duration: 10, arrivals: { model: 'constant', rate: 300 } })
  })

  it.each([
    ['nothing to vary', { vary: [] }, '--vary says what is varied'],
    [
      'three knobs',
      { vary: ['pool=1,2', 'servers=1,2', 'workers=1,2'].map(parseVariation) },
      'was given 3 knobs (pool, servers, workers)',
    ],
    ['a knob twice', { vary: ['pool=1,2', 'pool=3,4'].map(parseVariation) }, 'pool twice'],
    [
      'connections in an open loop',
      { vary: [parseVariation('connections=1,2')], rate: { model: 'constant', rate: 9 } },
      'in an open loop',
    ],
    [
      'too many points',
      { vary: [parseVariation('pool=1..1000'), parseVariation('connections=1..1024')] },
      'of which at most 100 are possible',
    ],
  ] satisfies [string, Partial<SweepChoices>, string][])('refuses %s', (_, changes, complaint) => {
    expect(() => plan(changes)).toThrow(complaint)
  })

  it('refuses an option beside its knob', () => {
    expect(() => plan({}, (option) => option === 'pool')).toThrow('--pool contradicts it')
  })
})

describe('describeSweep', () => {
  it('names everything that was decided', () => {
    const line = describeSweep({ ...CHOICES, seed: 7 }, plan({}))
    expect(line).toBe(
      'npm run sweep -- --vary pool=5,10 --mode none --connections 50 --servers 1 --workers 1 --concurrency 100 ' +
        '--semaphore 10 --redis-connections 1 --codes 1 --warm-up 3000 --drain paused --duration 3 --rounds 5 --seed 7 --db-latency 2ms',
    )
    expect(roundsOf({ quick: true })).toBe(2)
  })
})
