import { randomInt } from 'node:crypto'
import { UsageError } from '../errors.ts'
import type { LimiterMode, Plan } from '../run-file.ts'
import { SCENARIOS } from '../scenarios/registry.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { GUIDE_TARGETS } from '../targets/load-targets.ts'
import { profileOf, type SystemChoices } from './system-options.ts'

export interface PlanOptions extends SystemChoices {
  modes: LimiterMode[]
  scenario: string
  connections?: number
  duration?: number
  users?: number
  rounds?: number
  quick: boolean
  seed?: number
  targets: string
}

export const DEFAULTS = { rounds: 5, duration: 3, warmUp: 1.5, connections: 50 }
const QUICK = { rounds: 2, duration: 1, warmUp: 0.5 }

/** @throws UsageError when an option contradicts the shape of the scenario */
export function makePlan(options: PlanOptions): Plan {
  const { servers, workers, concurrency, pool } = options
  const scenario = findScenario(options.scenario)
  const { shape, isPaced } = scenario
  refuseContradictions(scenario, options)
  const length = options.quick ? QUICK : DEFAULTS
  const people = options.users ?? shape.people ?? null
  return {
    scenario: scenario.name,
    modes: isPaced ? options.modes : [...options.modes, 'ceiling'],
    rounds: options.rounds ?? length.rounds,
    connections: shape.connections ?? options.connections ?? DEFAULTS.connections,
    duration: people === null ? (shape.seconds ?? options.duration ?? length.duration) : 0,
    people,
    paced: isPaced,
    warm_up: length.warmUp,
    profile: profileOf(options),
    profile_name: `${servers} server, ${workers}×${concurrency} worker, pool ${pool}`,
    seed: options.seed ?? randomInt(1_000_000),
    db_latency_ms: options.dbLatency,
    redis_latency_ms: options.redisLatency,
  }
}

export function findScenario(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name)
  if (scenario === undefined) throw new RangeError(`no scenario ${name}`)
  return scenario
}

function refuseContradictions({ name, shape, description }: Scenario, options: PlanOptions): void {
  const refuse = (option: string) => {
    throw new UsageError(`--${option} cannot be chosen in the scenario ${name}: ${description}.`)
  }
  if (shape.connections !== undefined && options.connections !== undefined) refuse('connections')
  if ((shape.seconds !== undefined || shape.people !== undefined) && options.duration !== undefined) refuse('duration')
  if (!shape.asksForUsers && options.users !== undefined) refuse('users')
}

/** The command line that repeats this run: everything that was decided, by name. */
export function describeCommand(options: PlanOptions & { allowNonempty: boolean }, plan: Plan): string {
  const { profile } = plan
  const { shape } = findScenario(plan.scenario)
  const values: [string, string | number][] = [
    ['modes', options.modes.join(',')],
    ['scenario', plan.scenario],
  ]
  if (shape.connections === undefined) values.push(['connections', plan.connections])
  if (shape.seconds === undefined && plan.people === null) values.push(['duration', plan.duration])
  if (shape.asksForUsers && plan.people !== null) values.push(['users', plan.people])
  values.push(
    ['rounds', plan.rounds],
    ['servers', profile.servers],
    ['workers', profile.workers],
    ['concurrency', profile.concurrency],
    ['pool', profile.pool],
    ['seed', plan.seed],
  )
  if (plan.db_latency_ms > 0) values.push(['db-latency', `${plan.db_latency_ms}ms`])
  if (plan.redis_latency_ms > 0) values.push(['redis-latency', `${plan.redis_latency_ms}ms`])
  if (options.targets !== GUIDE_TARGETS) values.push(['targets', quoted(options.targets)])
  // Which servers is a secret of theirs; that there were some is not.
  const servers = ['DATABASE_URL', 'REDIS_URL'].filter((name) => process.env[name]).map((name) => `${name}=… `)
  const flags = [options.quick && '--quick ', options.allowNonempty && '--allow-nonempty '].filter(Boolean)
  const words = values.map(([name, value]) => `--${name} ${value}`)
  return `${servers.join('')}npm run bench -- ${flags.join('')}${words.join(' ')}`
}

/** For a shell, where a name holds more than plain characters. */
function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`
}
