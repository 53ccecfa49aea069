import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../errors.ts'
import { SCENARIOS } from '../scenarios/registry.ts'
import { LOAD_NAMES } from '../scenarios/scenario.ts'
import { GUIDE_TARGETS, loadTargets } from '../targets/load-targets.ts'
import { describeCommand, makePlan, type PlanOptions } from './make-plan.ts'

const OPTIONS = {
  modes: ['none'],
  quick: false,
  poisson: false,
  seed: 7,
  targets: GUIDE_TARGETS,
  servers: 1,
  workers: 1,
  concurrency: 20,
  pool: 10,
  semaphore: 10,
  redisConnections: 1,
  dbLatency: 0,
  redisLatency: 0,
  allowNonempty: false,
} satisfies Partial<PlanOptions>

const plan = (scenario: string, more: Partial<PlanOptions> = {}) => makePlan({ ...OPTIONS, scenario, ...more })

describe('makePlan', () => {
  it('takes connections and time as asked for', () => {
    expect(plan('hot-code')).toMatchObject({ connections: 50, duration: 3, people: null, paced: false, warm_up: 1.5 })
    expect(plan('personal-codes', { connections: 7, duration: 9 })).toMatchObject({ connections: 7, duration: 9 })
    expect(plan('hot-code', { quick: true })).toMatchObject({ duration: 1, rounds: 2 })
  })

  it.each([
    ['requests-1000-over-20', { connections: 20, people: 1_000, duration: 0 }],
    ['requests-1000-over-100', { connections: 100, people: 1_000, duration: 0 }],
    ['polls-2000', { connections: 50, people: 500, duration: 0 }],
    ['steady-20', { connections: 20, people: null, duration: 30 }],
    ['steady-100', { connections: 100, people: null, duration: 30 }],
    ['steady-400', { connections: 400, people: null, duration: 30 }],
    ['users-once', { connections: 100, people: 1_000, duration: 0 }],
  ])('%s has a shape of its own, also with --quick', (scenario, shape) => {
    expect(plan(scenario)).toMatchObject(shape)
    expect(plan(scenario, { quick: true })).toMatchObject({ ...shape, rounds: 2 })
  })

  it('polls-2000 makes 2 000 polls', () => {
    const workload = SCENARIOS.find(({ name }) => name === 'polls-2000')?.workload('paused', { seconds: 0, seed: 1 })
    expect(workload?.requests).toMatchObject({ kind: 'poll-status', polls: 2_000 / 500, think_ms: 0 })
  })

  it('as many users as asked for', () => {
    expect(plan('users-once', { users: 42 })).toMatchObject({ people: 42, connections: 100 })
  })

  it('an open loop: people come at a rate, over as many connections as it takes', () => {
    const constant = { model: 'constant', rate: 200 } as const
    const open = { engine: 'paced', arrivals: constant, connections: 1_000, paced: true, people: null }
    expect(plan('hot-code', { rate: constant })).toMatchObject({ ...open, duration: 10, modes: ['none', 'ceiling'] })
    expect(plan('hot-code')).toMatchObject({ engine: 'autocannon', arrivals: null })
    expect(plan('users-once', { users: 500, rate: constant })).toMatchObject({ ...open, duration: 2.5 })
    expect(plan('hot-code', { rate: constant, poisson: true, engine: 'k6' })).toMatchObject({
      engine: 'k6',
      arrivals: { model: 'poisson', rate: 200, seed: 7 },
    })
  })

  it('tries a bare route unless the scenario sets the pace', () => {
    expect(plan('hot-code').modes).toEqual(['none', 'ceiling'])
    expect(plan('waiting-room')).toMatchObject({ modes: ['none'], paced: true })
  })

  it.each<[string, Partial<PlanOptions>, RegExp]>([
    ['hot-code', { engine: 'paced' }, /--engine paced is an open loop: --rate says/],
    ['hot-code', { engine: 'autocannon', rate: { model: 'constant', rate: 5 } }, /--rate needs an open loop/],
    ['hot-code', { poisson: true }, /--poisson is about an open loop/],
    ['hot-code', { poisson: true, rate: { model: 'steps', rates: [1, 2] } }, /--poisson goes with a single --rate/],
    ['steady-20', { rate: { model: 'constant', rate: 5 } }, /--rate cannot be chosen in the scenario steady-20/],
    ['steady-20', { connections: 50 }, /--connections cannot be chosen in the scenario steady-20: 30 s over 20/],
    ['steady-20', { duration: 5 }, /--duration cannot be chosen/],
    ['polls-2000', { duration: 5 }, /--duration cannot be chosen/],
    ['hot-code', { users: 5 }, /--users cannot be chosen in the scenario hot-code/],
  ])('%s with %o is wrong use', (scenario, more, message) => {
    expect(() => plan(scenario, more)).toThrow(UsageError)
    expect(() => plan(scenario, more)).toThrow(message)
  })
})

describe('a goal for the intervals', () => {
  it('has a limit of rounds, which is never below the first ones', () => {
    expect(plan('hot-code')).toMatchObject({ width: null, max_rounds: null })
    expect(plan('hot-code', { width: 0.05 })).toMatchObject({ rounds: 5, width: 0.05, max_rounds: 30 })
    expect(plan('hot-code', { width: 0.05, rounds: 40 })).toMatchObject({ max_rounds: 40 })
    expect(plan('hot-code', { width: 0.05, maxRounds: 7 })).toMatchObject({ max_rounds: 7 })
  })

  it('refuses a limit without a goal, and one below the rounds', () => {
    expect(() => plan('hot-code', { maxRounds: 9 })).toThrow('--max-rounds goes with --width')
    expect(() => plan('hot-code', { width: 0.05, maxRounds: 4 })).toThrow('less than the 5 rounds')
  })

  it('stands in the line that repeats the run', () => {
    const options = { ...OPTIONS, scenario: 'hot-code', width: 0.025, maxRounds: 12 }
    expect(describeCommand(options, makePlan(options))).toContain('--width 2.5% --max-rounds 12')
  })
})

describe('describeCommand', () => {
  it.each<[string, Partial<PlanOptions>]>([
    ['hot-code', { connections: 8 }],
    ['steady-20', {}],
    ['users-once', { users: 42 }],
  ])('%s: names only what can be chosen, so that it can be run', (scenario, more) => {
    const options = { ...OPTIONS, scenario, ...more }
    const words = describeCommand(options, makePlan(options)).split(' --').slice(1)
    const chosen = Object.fromEntries(words.map((word) => word.split(' ') as [string, string]))
    const number = (name: string) => (chosen[name] === undefined ? {} : { [name]: Number(chosen[name]) })
    const again = { ...number('connections'), ...number('duration'), ...number('users'), ...number('rounds') }
    expect(plan(chosen['scenario'] ?? '', again)).toEqual(makePlan(options))
  })
})

describe('the scenarios', () => {
  it('have names and descriptions of one line', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length)
    for (const { description } of SCENARIOS) expect(description).toMatch(/^.{10,130}$/)
  })

  it('all stand in both READMEs', () => {
    for (const file of ['../scenarios/README.md', '../../README.md']) {
      const text = readFileSync(new URL(file, import.meta.url), 'utf8')
      for (const { name, description } of SCENARIOS) expect(text).toContain(`| \`${name}\` | ${description} |`)
    }
  })

  it('no code of one load is used by another, unless its uses are plenty', () => {
    for (const scenario of SCENARIOS) {
      const loads = LOAD_NAMES.map((load) => scenario.workload(load, { seconds: 1, seed: 1 }))
      const few = loads.flatMap(({ codes = [] }) => codes.filter(({ maxUses }) => maxUses < 10_000))
      const own = loads.flatMap(({ personalCodes, activity }) => personalCodes?.prefix ?? activity?.code ?? [])
      for (const names of [few.map(({ code }) => code), own]) expect(new Set(names).size).toBe(names.length)
    }
  })

  it("are all known to the guide's targets", async () => {
    const { targets } = await loadTargets()
    const known = SCENARIOS.map(({ name }) => name)
    expect(targets.flatMap(({ scenarios = [] }) => scenarios).filter((name) => !known.includes(name))).toEqual([])
  })
})
