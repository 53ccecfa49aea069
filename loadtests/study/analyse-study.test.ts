import { describe, expect, it } from 'vitest'
import { createRandom, drawNormal, type Random } from '../analysis/random.ts'
import { judgeSame, judgeSlow, shareOf } from './analyse-study.ts'
import { judgeBetween } from './between-blocks.ts'
import { renderStudy } from './report-study.ts'
import type { Block, StudyPlan } from './study-file.ts'
import { summariseStudy } from './summarise-study.ts'
import { VARIANTS } from './variants.ts'

/** How much longer each variant takes; 1 where it is not named. */
type Truth = Readonly<Record<string, number>>

const INJECTED: Truth = { 'slow-5': 1.05, 'slow-10': 1.1, 'extra-command': 1.15 }

/** An invented block: the speed wanders from round to round, each variant has a noise of 5 % of its own. */
function block(number: number, truth: Truth, random: Random, rounds = 20): Block {
  const figures = Array.from({ length: rounds }, (_, index) => {
    const speed = 0.5 + random()
    return VARIANTS.map(({ name }) => {
      const ms = (truth[name] ?? 1) * speed * Math.exp(0.05 * drawNormal(random))
      const latencies = { p10_ms: ms, p25_ms: 1.1 * ms, p50_ms: 1.3 * ms }
      const counts = {
        accepted: 120,
        errors: 0,
        seconds: 0.12 * 1.4 * ms,
        server_cpu_us: 120 * 500 * ms,
        injected_us: 0,
      }
      return { round: index + 1, variant: name, ...counts, ...latencies }
    })
  }).flat()
  const counted = VARIANTS.map(({ name, extraCommand }) => ({
    variant: name,
    accepted: 200,
    redis_commands: extraCommand ? 401 : 201,
  }))
  return { block: number, at: '2025-01-02T03:04:05.000Z', counted, figures }
}

function blocks(count: number, truth: Truth): Block[] {
  const random = createRandom(11)
  return Array.from({ length: count }, (_, index) => block(index + 1, truth, random))
}

const PLAN = {
  study: 'aa',
  schema: 1,
  started_at: '2025-01-02T03:04:05.000Z',
  rounds: 20,
  slices: 15,
  requests: 8,
  seed: 1,
  environment: { cpu: 'Example CPU', cores: 2, node: 'v20.20.2', redis: '7.0.15' },
} as StudyPlan

describe('the study', () => {
  it('compares each block three times with itself, without a common variant, and once with each slow-down', () => {
    const same = judgeSame(blocks(2, INJECTED))
    expect(same.map(({ block, first, second }) => `${block} ${first} ${second}`)).toEqual([
      '1 A1 A2',
      '1 A3 A4',
      '1 A5 A6',
      '2 A1 A2',
      '2 A3 A4',
      '2 A5 A6',
    ])
    expect(judgeSlow(blocks(1, INJECTED)).map(({ first }) => first)).toEqual(['slow-5', 'slow-10', 'extra-command'])
  })

  it('counts few false alarms, and finds what was injected', () => {
    const summary = summariseStudy(PLAN, blocks(34, INJECTED))
    expect(summary.demands.map(({ verdict }) => verdict)).toEqual(Array(5).fill('met'))
    expect(summary.same.together.of).toBe(102)
    expect(summary.slow[1]?.figures[0]?.ratio).toBeCloseTo(1.1, 1)
    expect(renderStudy(PLAN, summary)).toContain(
      '| one more Redis command found, by counted work | 100 % | 34 of 34: 100 %',
    )
  })

  it('says so when slow-downs were missed, and when the same was called different', () => {
    const nothing = summariseStudy(PLAN, blocks(4, {}))
    expect(nothing.demands.find(({ name }) => name.startsWith('10 %'))?.verdict).toBe('missed')
    const uneven = summariseStudy(PLAN, blocks(4, { ...INJECTED, A1: 1.2 }))
    expect(uneven.demands[0]).toMatchObject({ verdict: 'missed', got: expect.stringMatching(/^[4-6] of 12/) })
  })

  it('does not call few comparisons enough', () => {
    expect(summariseStudy(PLAN, blocks(3, INJECTED)).demands[0]?.verdict).toBe('too few comparisons')
  })

  it('does not count what got faster as a slow-down that was found', () => {
    const faster = summariseStudy(PLAN, blocks(5, { 'slow-10': 0.7 }))
    expect(faster.slow[1]?.figures[0]?.seen.count).toBe(0)
  })
})

describe('two blocks, taken as two runs', () => {
  it('are told apart by the speed of the machine, but not over a reference of their round', () => {
    const random = createRandom(3)
    const even = (number: number) => block(number, number % 2 === 0 ? FAST : {}, random)
    const between = judgeBetween(Array.from({ length: 20 }, (_, index) => even(index + 1)))
    expect(between.as_they_are).toMatchObject({ count: 30, of: 30 })
    expect(between.over_reference.of).toBe(30)
    expect(between.over_reference.count).toBeLessThanOrEqual(3)
  })

  it('show a slow-down in the second one', () => {
    expect(judgeBetween(blocks(8, { 'slow-10': 1.1 })).slow_found).toMatchObject({ count: 4, of: 4 })
  })
})

/** Every variant is so much faster: the machine is. */
const FAST: Truth = Object.fromEntries(VARIANTS.map(({ name }) => [name, 0.3]))

describe('shareOf', () => {
  // R: binom::binom.confint(5, 100, methods = "wilson") = 0.02154 to 0.11175
  it("is Wilson's interval", () => {
    expect(shareOf(5, 100)).toMatchObject({ low: expect.closeTo(0.02154, 4), high: expect.closeTo(0.11175, 4) })
    expect(shareOf(0, 0)).toEqual({ count: 0, of: 0, low: 0, high: 1 })
  })
})
