import type pg from 'pg'
import type { Generator } from '../drivers/generator.ts'
import type { Plan, Sample, Subject } from '../run-file.ts'
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
