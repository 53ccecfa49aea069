import type { CodeSeed } from '../sut/redeem-data.ts'

/** A workload as data: which codes exist, and which of them each load of a trial redeems. */
export interface Scenario {
  readonly name: string
  /** One line for `--help` and the report. */
  readonly description: string
  readonly codes: {
    readonly warmUp: readonly CodeSeed[]
    readonly paused: readonly CodeSeed[]
    readonly running: readonly CodeSeed[]
  }
}

/** Every round of any scenario ends with a burst for this code, so that overselling has its chance each time. */
export const BURST = { code: 'BURST', maxUses: 10, requests: 200 } as const

/** The same codes for every load. */
export function useThroughout(codes: readonly CodeSeed[]): Scenario['codes'] {
  return { warmUp: codes, paused: codes, running: codes }
}
