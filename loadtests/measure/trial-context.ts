import type pg from 'pg'
import type { Generator } from '../drivers/generator.ts'
import type { Plan, Sample, Subject, Trial } from '../run-file.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import type { RunDirectory } from '../sut/run-directory.ts'
import type { Stores } from '../sut/stores.ts'
import type { WalReader } from './wal-reader.ts'

/** What all trials of a run share. */
export interface TrialContext {
  readonly plan: Plan
  readonly scenario: Scenario
  readonly stores: Stores
  readonly generator: Generator
  readonly directory: RunDirectory
  /** For data, checks and evidence: not the system's own connections. */
  readonly client: pg.Client
  readonly wal: WalReader
  /** Aborts when the run is interrupted. */
  readonly signal: AbortSignal
  readonly onSample: (sample: Sample, position: TrialPosition) => void
}

export interface TrialPosition {
  readonly round: number
  readonly position: number
  readonly mode: Subject
}

/** What a trial measured of its subject. */
export type Measured = Pick<Trial, 'loads' | 'drain' | 'burst' | 'end_to_end_histogram' | 'work' | 'invariants'>

/** A trial without its place in the run. */
export type Judged = Omit<Trial, 'round' | 'position' | 'mode' | 'scenario' | 'profile' | 'started_at' | 'seconds'>

export const NOTHING_MEASURED: Measured = {
  loads: [],
  drain: null,
  burst: null,
  end_to_end_histogram: null,
  work: null,
  invariants: [],
}
