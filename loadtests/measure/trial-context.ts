import type pg from 'pg'
import type { Generator } from '../drivers/generator.ts'
import type { Plan, Sample, Subject, Trial } from '../run-file.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import type { RunDirectory } from '../sut/run-directory.ts'
import type { Stores } from '../sut/stores.ts'
import type { OnScrape } from './sampler.ts'
import type { WalReader } from './wal-reader.ts'

/** What a load needs, whatever it loads. */
export interface LoadContext {
  readonly plan: Plan
  readonly scenario: Pick<Scenario, 'workload'>
  readonly generator: Generator
  readonly directory: RunDirectory
  /** Aborts when the run is interrupted. */
  readonly signal: AbortSignal
  readonly onSample: (sample: Sample, position: TrialPosition) => void
  readonly onScrape?: OnScrape | undefined
}

/** What all trials of the reference system share. */
export interface TrialContext extends LoadContext {
  readonly scenario: Scenario
  readonly stores: Stores
  /** For data, checks and evidence: not the system's own connections. */
  readonly client: pg.Client
  readonly wal: WalReader
}

export interface TrialPosition {
  readonly round: number
  readonly position: number
  readonly mode: Subject
}

/** What a trial measured of its subject. */
export type Measured = Pick<Trial, 'loads' | 'drain' | 'burst' | 'end_to_end_histogram' | 'work' | 'invariants'>

/** A trial without its place in the run. */
export type Judged = Omit<
  Trial,
  'round' | 'position' | 'mode' | 'scenario' | 'profile' | 'started_at' | 'seconds' | 'trials_before'
>

export const NOTHING_MEASURED: Measured = {
  loads: [],
  drain: null,
  burst: null,
  end_to_end_histogram: null,
  work: null,
  invariants: [],
}
