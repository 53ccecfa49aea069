import type { Point } from '../points/points-file.ts'
import type { LimiterMode, Profile } from '../run-file.ts'

/** What a sweep can vary; the names are those of the options. */
export const KNOB_NAMES = [
  'connections',
  'pool',
  'servers',
  'workers',
  'concurrency',
  'semaphore',
  'redis-connections',
  'codes',
  'warm-up',
] as const
export type KnobName = (typeof KNOB_NAMES)[number]

export interface Knob {
  /** With its unit, for axes. */
  readonly label: string
  /** How large the system is, as opposed to what comes: of a size the smallest that is enough is wanted. */
  readonly isSize: boolean
  /** The greatest value; the least is always 1. */
  readonly most: number
  readonly read: (point: Point) => number
  readonly write: (point: Point, value: number) => Point
  /** Why it does nothing in a mode; null where it does something. */
  readonly isIdle: (mode: LimiterMode) => string | null
}

function inProfile(field: keyof Profile, label: string, most: number, isIdle: Knob['isIdle'] = () => null): Knob {
  return {
    label,
    isSize: true,
    most,
    read: ({ profile }) => profile[field],
    write: (point, value) => ({ ...point, profile: { ...point.profile, [field]: value } }),
    isIdle,
  }
}

const isSqlFree: Knob['isIdle'] = (mode) =>
  mode === 'token-bucket'
    ? 'a request of token-bucket uses no SQL, so that only ledger and workers use a pool: --mode none shows what a pool does'
    : null

const hasNoSemaphore: Knob['isIdle'] = (mode) =>
  mode === 'in-process' || mode === 'redis-semaphore'
    ? null
    : `${mode} has no semaphore: --mode in-process and --mode redis-semaphore have one`

const spreadsNothing: Knob['isIdle'] = (mode) =>
  mode === 'token-bucket' ? null : `${mode} has one connection for its commands: only token-bucket spreads them`

/** Adding one is a line here; where it is a part of the profile, also an option in commands/system-options.ts. */
export const KNOBS: Readonly<Record<KnobName, Knob>> = {
  connections: {
    label: 'connections',
    isSize: false,
    most: 10_000,
    read: ({ connections }) => connections,
    write: (point, connections) => ({ ...point, connections }),
    isIdle: () => null,
  },
  pool: inProfile('pool', 'Postgres connections of each process', 1_000, isSqlFree),
  servers: inProfile('servers', 'server processes', 64),
  workers: inProfile('workers', 'worker processes', 64),
  concurrency: inProfile('concurrency', 'invite jobs at a time in each worker', 1_000),
  semaphore: inProfile('semaphore', 'places of the semaphore', 100_000, hasNoSemaphore),
  'redis-connections': inProfile('redis_connections', 'Redis connections of each server process', 100, spreadsNothing),
  codes: {
    label: 'codes that are redeemed',
    isSize: false,
    most: 100_000,
    read: ({ codes }) => codes,
    write: (point, codes) => ({ ...point, codes }),
    isIdle: () => null,
  },
  'warm-up': {
    label: 'redemptions before the load',
    isSize: false,
    most: 1_000_000,
    read: ({ warm_up_people: people }) => people,
    write: (point, people) => ({ ...point, warm_up_people: people }),
    isIdle: () => null,
  },
}

/** One knob and the values that it takes. */
export interface Variation {
  readonly knob: KnobName
  /** Ascending, at least two. */
  readonly values: readonly number[]
}

/** Every combination of the values, as points that are called after them: `pool 20`, `connections 8, pool 20`. */
export function spreadPoint(base: Point, variations: readonly Variation[]): Point[] {
  let points: Point[] = [{ ...base, name: '' }]
  for (const { knob, values } of variations) {
    points = points.flatMap((point) =>
      values.map((value) => ({
        ...KNOBS[knob].write(point, value),
        name: `${point.name}${point.name === '' ? '' : ', '}${knob} ${value}`,
      })),
    )
  }
  return points
}

/** What points were varied by: the knobs in which they differ. */
export function variationsOf(points: readonly Point[]): Variation[] {
  return KNOB_NAMES.flatMap((knob) => {
    const values = [...new Set(points.map(KNOBS[knob].read))].sort((a, b) => a - b)
    return values.length > 1 ? [{ knob, values }] : []
  })
}
