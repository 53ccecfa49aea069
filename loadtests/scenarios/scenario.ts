import type { LoadSpec } from '../drivers/driver.ts'
import type { CodeRange, CodeSeed } from '../sut/redeem-data.ts'
import type { ActivitySeed } from '../sut/waiting-room-data.ts'

/** The loads of a trial that a scenario describes; the burst after them is the same for all. */
export const LOAD_NAMES = ['warm-up', 'paused', 'running'] as const
export type LoadName = (typeof LOAD_NAMES)[number]

/** What a load sends, but for the address that its people have. */
export type PlannedRequests = WithoutPrefix<LoadSpec['requests']>
type WithoutPrefix<Requests> = Requests extends unknown ? Omit<Requests, 'email_prefix'> : never

/** One load: what must exist before it, and what is sent. */
export interface Workload {
  /** Made before the trial, so that the system starts with them. */
  readonly codes?: readonly CodeSeed[]
  readonly personalCodes?: CodeRange
  /** Opened as the load begins: from then on it releases people. */
  readonly activity?: ActivitySeed
  readonly requests: PlannedRequests
}

/** Connections and length are options of the command where a shape leaves them out. */
export interface Shape {
  readonly connections?: number
  readonly seconds?: number
  /** The measured loads end after so many people instead of after a time. */
  readonly people?: number
  /** `people` is only the default of the option `--users`. */
  readonly asksForUsers?: boolean
}

/** A workload as data. */
export interface Scenario {
  readonly name: string
  /** One line for `--help` and the report. */
  readonly description: string
  readonly shape: Shape
  /** Think times or a release rate set the pace: then neither a bare route nor rates have anything to tell. */
  readonly isPaced: boolean
  /** Settings of the system, by their names in `.env.example`. */
  readonly environment: Readonly<Record<string, string>>
  /** @param seconds how long the load takes at most; 0 when it ends after so many people */
  workload(load: LoadName, options: { seconds: number; seed: number }): Workload
}

/** Every round of any scenario ends with a burst for this code, so that overselling has its chance each time. */
export const BURST = { code: 'BURST', maxUses: 10, requests: 200 } as const

/**
 * So many redemptions, as fast as they are answered, before a load that may be small: until then code is compiled while it
 * runs, which costs more CPU and time (README, "Warm or cold").
 */
export const WARM_UP_PEOPLE = 3_000
/** For a first look. */
export const QUICK_WARM_UP_PEOPLE = 300
/** The code that they redeem, whatever the scenario: those that are measured are as new as the data. */
export const WARM_UP: CodeSeed = { code: 'WARM-UP', maxUses: 10_000_000 }

/** What most scenarios have in common: connections and time as asked for, as fast as the answers come. */
export const AS_ASKED = { shape: {}, isPaced: false, environment: {} } as const

/** Everybody redeems one of these shared codes, in all loads the same. */
export function redeemShared(codes: readonly CodeSeed[]): Scenario['workload'] {
  return (_load, { seed }) => ({
    codes,
    requests: { kind: 'redeem-shared', codes: codes.map(({ code }) => code), seed },
  })
}

/** One code that has more uses than there are requests. */
export const HOT: CodeSeed = { code: 'HOT', maxUses: 10_000_000 }
