import { randomInt } from 'node:crypto'
import { DEFAULT_MAX_ROUNDS } from '../analysis/stop-rule.ts'
import { type Arrivals, meanRate } from '../drivers/arrivals.ts'
import type { Engine } from '../drivers/driver.ts'
import { UsageError } from '../errors.ts'
import type { LimiterMode, Plan } from '../run-file.ts'
import { SCENARIOS } from '../scenarios/registry.ts'
import { QUICK_WARM_UP_PEOPLE, type Scenario, WARM_UP_PEOPLE } from '../scenarios/scenario.ts'
import { GUIDE_TARGETS } from '../targets/load-targets.ts'
import { formatRate, type RateChoice } from './rate-option.ts'
import { profileOf, type SystemChoices } from './system-options.ts'

export interface PlanOptions extends SystemChoices {
  modes: LimiterMode[]
  scenario: string
  connections?: number
  duration?: number
  users?: number
  rounds?: number
  width?: number
  maxRounds?: number
  warmUp?: number
  engine?: Engine
  rate?: RateChoice
  poisson: boolean
  quick: boolean
  seed?: number
  targets: string
}

export const DEFAULTS = { rounds: 5, duration: 3, warmUp: 1.5, warmUpPeople: WARM_UP_PEOPLE, connections: 50 }
export const QUICK = { rounds: 2, duration: 1, warmUp: 0.5, warmUpPeople: QUICK_WARM_UP_PEOPLE }
/** An open loop is about the tail, which needs time; its connections are only a bound. */
export const OPEN_LOOP = { duration: 10, connections: 1_000 }

/** @throws UsageError when an option contradicts the shape of the scenario */
export function makePlan(options: PlanOptions): Plan {
  const { servers, workers, concurrency, pool } = options
  const scenario = findScenario(options.scenario)
  const { shape, isPaced } = scenario
  refuseContradictions(scenario, options)
  const length = options.quick ? QUICK : DEFAULTS
  const people = options.users ?? shape.people ?? null
  const seed = options.seed ?? randomInt(1_000_000)
  const arrivals = arrivalsOf(options, seed)
  return {
    scenario: scenario.name,
    modes: isPaced ? options.modes : [...options.modes, 'ceiling'],
    rounds: options.rounds ?? length.rounds,
    ...(arrivals === null ? closedLoop(scenario, options, people) : openLoop(scenario, options, people, arrivals)),
    paced: isPaced || arrivals !== null,
    warm_up: length.warmUp,
    warm_up_people: options.warmUp ?? length.warmUpPeople,
    profile: profileOf(options),
    profile_name: `${servers} server, ${workers}×${concurrency} worker, pool ${pool}`,
    seed,
    db_latency_ms: options.dbLatency,
    redis_latency_ms: options.redisLatency,
    ...goalOf(options, options.rounds ?? length.rounds),
  }
}

/** @throws UsageError when the limit does not go with the rest */
function goalOf({ width, maxRounds }: PlanOptions, rounds: number): Pick<Plan, 'width' | 'max_rounds'> {
  if (width === undefined) {
    if (maxRounds !== undefined)
      throw new UsageError('--max-rounds goes with --width: without a goal there are --rounds.')
    return { width: null, max_rounds: null }
  }
  const most = maxRounds ?? Math.max(DEFAULT_MAX_ROUNDS, rounds)
  if (most < rounds)
    throw new UsageError(`--max-rounds ${most} is less than the ${rounds} rounds that come first (--rounds).`)
  return { width, max_rounds: most }
}

type Loop = Pick<Plan, 'engine' | 'arrivals' | 'connections' | 'duration' | 'people'>

function closedLoop({ shape }: Scenario, options: PlanOptions, people: number | null): Loop {
  const duration = shape.seconds ?? options.duration ?? (options.quick ? QUICK : DEFAULTS).duration
  return {
    engine: 'autocannon',
    arrivals: null,
    connections: shape.connections ?? options.connections ?? DEFAULTS.connections,
    duration: people === null ? duration : 0,
    people,
  }
}

/** So many people are a time as well: as long as they take to come. */
function openLoop({ shape }: Scenario, options: PlanOptions, people: number | null, arrivals: Arrivals): Loop {
  const seconds = people === null ? shape.seconds : people / meanRate(arrivals)
  return {
    engine: options.engine ?? 'paced',
    arrivals,
    connections: options.connections ?? OPEN_LOOP.connections,
    duration: seconds ?? options.duration ?? (options.quick ? QUICK : OPEN_LOOP).duration,
    people: null,
  }
}

/** @throws UsageError when engine and rate do not go together */
function arrivalsOf({ engine, rate, poisson }: PlanOptions, seed: number): Arrivals | null {
  if (rate === undefined) {
    if (engine === undefined || engine === 'autocannon') {
      if (poisson) throw new UsageError('--poisson is about an open loop: --rate says how many people come per second.')
      return null
    }
    throw new UsageError(`--engine ${engine} is an open loop: --rate says how many people come per second.`)
  }
  if (engine === 'autocannon') throw new UsageError('--rate needs an open loop: --engine paced or k6.')
  if (!poisson) return rate
  if (rate.model !== 'constant') throw new UsageError('--poisson goes with a single --rate, such as 200.')
  return { model: 'poisson', rate: rate.rate, seed }
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
  // So many connections that ask as fast as they are answered are a closed loop.
  if (shape.connections !== undefined && !shape.asksForUsers && options.rate !== undefined) refuse('rate')
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
  if (plan.arrivals !== null) values.push(['engine', plan.engine], ['rate', formatRate(plan.arrivals)])
  if (shape.connections === undefined) values.push(['connections', plan.connections])
  if (shape.seconds === undefined && shape.people === undefined) values.push(['duration', plan.duration])
  if (shape.asksForUsers) values.push(['users', options.users ?? shape.people ?? 0])
  values.push(
    ['rounds', plan.rounds],
    ['servers', profile.servers],
    ['workers', profile.workers],
    ['concurrency', profile.concurrency],
    ['pool', profile.pool],
    ['semaphore', profile.semaphore],
    ['redis-connections', profile.redis_connections],
    ['warm-up', plan.warm_up_people],
    ['seed', plan.seed],
  )
  if (plan.width !== null)
    values.push(
      ['width', `${Number((100 * plan.width).toFixed(6))}%`],
      ['max-rounds', plan.max_rounds ?? DEFAULT_MAX_ROUNDS],
    )
  if (plan.db_latency_ms > 0) values.push(['db-latency', `${plan.db_latency_ms}ms`])
  if (plan.redis_latency_ms > 0) values.push(['redis-latency', `${plan.redis_latency_ms}ms`])
  if (options.targets !== GUIDE_TARGETS) values.push(['targets', quoted(options.targets)])
  // Which servers is a secret of theirs; that there were some is not.
  const servers = ['DATABASE_URL', 'REDIS_URL'].filter((name) => process.env[name]).map((name) => `${name}=… `)
  const flags = [
    options.quick && '--quick ',
    options.poisson && '--poisson ',
    options.allowNonempty && '--allow-nonempty ',
  ].filter(Boolean)
  const words = values.map(([name, value]) => `--${name} ${value}`)
  return `${servers.join('')}npm run bench -- ${flags.join('')}${words.join(' ')}`
}

/** For a shell, where a name holds more than plain characters. */
function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`
}
