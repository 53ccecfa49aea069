import type { Environment, Plan, Run } from '../run-file.ts'
import { joinWords } from './format.ts'

/** Without these in common two runs measured different things. */
const SHAPE = [
  'scenario',
  'arrivals',
  'connections',
  'people',
  'profile',
  'db_latency_ms',
  'redis_latency_ms',
] as const satisfies readonly (keyof Plan)[]

/** Why two runs cannot be compared at all; null when they can. */
export function whyIncomparable(first: Run, second: Run): string | null {
  const differing = SHAPE.filter((key) => !isEqual(shapeOf(first.plan, key), shapeOf(second.plan, key)))
  if (differing.length > 0) {
    const parts = differing.map((key) => `${key} ${told(first.plan[key])} and ${told(second.plan[key])}`)
    return `they loaded in different ways: ${joinWords(parts)}`
  }
  const common = first.plan.modes.filter((mode) => mode !== 'ceiling' && second.plan.modes.includes(mode))
  if (common.length === 0) return 'they have no limiter mode in common'
  return null
}

/** Random arrivals differ by their seed, which is irrelevant. */
function shapeOf(plan: Plan, key: (typeof SHAPE)[number]): unknown {
  return key === 'arrivals' && plan.arrivals ? { ...plan.arrivals, seed: 0 } : plan[key]
}

/** What makes a machine another one, or a virtual one that runs elsewhere: then nothing that takes time is judged. */
export function isOtherMachine(first: Run, second: Run): boolean {
  const [a, b] = [first.environment, second.environment]
  return a.cpu !== b.cpu || a.cores !== b.cores || a.kernel !== b.kernel
}

const MACHINE = ['cpu', 'cores', 'memory_bytes', 'kernel', 'os', 'node', 'postgres', 'redis'] as const

/** Everything else that differs and may be the cause of a difference. */
export function environmentWarnings(first: Run, second: Run): string[] {
  const [a, b] = [first.environment, second.environment]
  const differing = MACHINE.filter((key) => a[key] !== b[key]).map((key) => `${key}: ${a[key]} → ${b[key]}`)
  const planned = (key: 'engine' | 'duration' | 'warm_up_people', what: string) =>
    first.plan[key] === second.plan[key] ? [] : [`${what}: ${first.plan[key]} → ${second.plan[key]}`]
  return [
    ...differing,
    ...settings('Postgres', a.postgres_settings, b.postgres_settings),
    ...settings('Redis', a.redis_settings, b.redis_settings),
    ...settings('package', a.packages, b.packages),
    ...planned('engine', 'engine'),
    ...planned('duration', 'seconds of each load'),
    ...planned('warm_up_people', 'redemptions that compile the code first'),
  ]
}

function settings(what: string, a: Environment['packages'], b: Environment['packages']): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name])
  return names.map((name) => `${what} ${name}: ${a[name] ?? 'not told'} → ${b[name] ?? 'not told'}`)
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function told(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}
