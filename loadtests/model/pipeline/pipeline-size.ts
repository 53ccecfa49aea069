import type { LimiterMode, Profile } from '../../run-file.ts'

/** One size of the reference system, and how far away its stores are. Times are seconds. */
export interface PipelineSize {
  readonly mode: LimiterMode
  readonly profile: Profile
  /** Everybody redeems one code, whose row is locked in the modes without a bucket. */
  readonly isHot: boolean
  readonly dbLatency: number
  readonly redisLatency: number
  /** Threads over which many codes are spread, one node of a cluster each; one when left out. */
  readonly redisNodes?: number
  /** What follows the answer is done at the same time. */
  readonly isDraining: boolean
  /** The load is made by the same machine. */
  readonly hasGenerator: boolean
  readonly machines: Machines
}

/** Cores: of one machine for all, or of all the ones that carry servers and workers, and of one for each store. */
export type Machines =
  | { readonly shared: number }
  | { readonly instances: number; readonly postgres: number; readonly redis: number }
