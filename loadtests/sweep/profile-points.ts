import type { Point } from '../points/points-file.ts'
import type { LimiterMode } from '../run-file.ts'
import { WARM_UP_PEOPLE } from '../scenarios/scenario.ts'
import type { GuideProfile } from './guide-profiles.ts'

/** A box behind stores of one distance. */
export interface Setting {
  readonly guide: GuideProfile
  readonly mode: LimiterMode
  /** Of Postgres and Redis alike. */
  readonly latencyMs: number
  /** Seconds of each open-loop load. */
  readonly duration: number
}

/** A user redeems or looks at a status: of two requests one is the redemption. */
export const POLLS = 1
const THINK_MS = 200
const SIZING = { connections: 10, duration: 1.5 }
const MOST_PEOPLE = 1_000

export function nameOf({ guide, latencyMs }: Setting): string {
  return `${guide.name}, ${latencyMs} ms`
}

/** As fast as the answers come, then the drain alone: near what the box can carry. */
export function sizingPoint(setting: Setting): Point {
  return { ...commonOf(setting), ...SIZING, name: `${nameOf(setting)}: sizing`, arrivals: null, drain: 'paused' }
}

/** So many people come each second, whoever waits, while everything drains. */
export function ratePoint(setting: Setting, peoplePerSecond: number): Point {
  return {
    ...commonOf(setting),
    name: `${nameOf(setting)}: ${Number(peoplePerSecond.toPrecision(3))} people/s`,
    think_ms: THINK_MS,
    connections: MOST_PEOPLE,
    arrivals: { model: 'constant', rate: Number(peoplePerSecond.toPrecision(3)) },
    drain: 'running',
    duration: setting.duration,
  }
}

function commonOf({ guide, mode, latencyMs }: Setting) {
  return {
    mode,
    profile: guide.profile,
    codes: 1,
    polls: POLLS,
    think_ms: 0,
    db_latency_ms: latencyMs,
    redis_latency_ms: latencyMs,
    warm_up: 1.5,
    // One job at a time takes long to drain them.
    warm_up_people: WARM_UP_PEOPLE / 3,
  } as const
}
