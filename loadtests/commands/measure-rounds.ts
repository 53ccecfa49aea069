import { join } from 'node:path'
import { judgeRun } from '../analysis/gates.ts'
import { whyStop } from '../analysis/stop-rule.ts'
import { pairsSoFar } from '../analysis/summarise.ts'
import { runRounds } from '../measure/run-rounds.ts'
import type { TrialPosition } from '../measure/trial-context.ts'
import type { ProgressReport } from '../report/progress.ts'
import type { Run, Trial } from '../run-file.ts'
import { writeAtomically } from '../write-atomically.ts'

interface RoundsParts {
  /** Where run.json is kept up to date after each trial. */
  readonly directory: string
  readonly progress: Pick<ProgressReport, 'begin' | 'end'>
  readonly signal: AbortSignal
}

/** Makes the trials of a run that has begun. @returns it, also when it was interrupted: then with what was measured until there */
export async function measureRounds(
  begun: Run,
  { directory, progress, signal }: RoundsParts,
  makeTrial: (position: TrialPosition) => Promise<Trial>,
): Promise<Run> {
  const { plan } = begun
  let run = begun
  const keep = async (changes: Partial<Run>) => {
    run = { ...run, ...changes, harness_peak_rss_bytes: process.resourceUsage().maxRSS * 1024 }
    await writeAtomically(join(directory, 'run.json'), JSON.stringify(run))
  }
  const end = (status: Run['status'], reason: Run['stopped_because']) =>
    keep({ status, stopped_because: reason, finished_at: new Date().toISOString() })
  const measure = async (position: TrialPosition) => {
    progress.begin({ round: position.round, name: position.mode })
    const trial = await makeTrial(position)
    await keep({ trials: [...run.trials, trial] })
    // What a gate refused is told as such, not with its rates.
    progress.end(judgeRun(run).trials.at(-1) ?? trial)
  }
  await keep({})
  try {
    const isNarrow = (round: number) => whyStop(plan, round, plan.width === null ? [] : pairsSoFar(judgeRun(run)))
    await end('complete', await runRounds(plan, signal, measure, isNarrow))
  } catch (error) {
    if (!signal.aborted) throw error
    await end('interrupted', 'it was interrupted')
  }
  return run
}
