import { bootstrapMedian } from '../analysis/bootstrap.ts'
import { succeeded } from '../analysis/rounds.ts'
import type { Interval, ProcessKind, Run, Subject, Trial, Work } from '../run-file.ts'

/** Seconds of CPU that one redemption costs at one kind of process: median over rounds, and its interval. */
export interface ServiceDemand {
  readonly kind: ProcessKind
  readonly seconds: Interval
  /** Rounds that know it. */
  readonly rounds: number
}

export interface ModeDemands {
  readonly mode: Subject
  /** Of a redemption until its 202, the generator's own share included: on one machine it takes from the others. */
  readonly accept: readonly ServiceDemand[]
  /** Of what follows, until the invite is sent. */
  readonly drain: readonly ServiceDemand[]
}

const ACCEPT_STATIONS = ['server', 'postgres', 'redis', 'generator'] as const
const DRAIN_STATIONS = ['server', 'worker', 'scheduler', 'postgres', 'redis', 'mail_sink'] as const

/**
 * Counted CPU over redemptions, by mode, out of the trials that succeeded. D = U/X without either of them: neither the
 * speed of arrival nor idle time matters. A kind whose CPU is unknown (stores that somebody else runs) is left out; one
 * that cost nothing is 0. The drain's figures hold for the batches and the concurrency that it had.
 * Source: the service demand law, Lazowska et al., Quantitative System Performance (1984), ch. 3.
 */
export function serviceDemandsOf(run: Run): ModeDemands[] {
  const modes = run.plan.modes.filter((mode) => mode !== 'ceiling')
  return modes.map((mode) => {
    const trials = run.trials.filter((trial) => trial.mode === mode && succeeded(trial))
    return {
      mode,
      accept: demandsOver(ACCEPT_STATIONS, trials, ({ accept_cpu_ms, redemptions }) => [accept_cpu_ms, redemptions]),
      drain: demandsOver(DRAIN_STATIONS, trials, ({ drain_cpu_ms }, drained) => [drain_cpu_ms, drained]),
    }
  })
}

type Cost = readonly [cpuMs: Work['accept_cpu_ms'], redemptions: number]

function demandsOver(
  kinds: readonly ProcessKind[],
  trials: readonly Trial[],
  costOf: (work: Work, drained: number) => Cost,
): ServiceDemand[] {
  const costs = trials.flatMap(({ work, drain }) => (work === null ? [] : [costOf(work, drain?.redemptions ?? 0)]))
  return kinds.flatMap((kind) => {
    const values = costs.flatMap(([cpuMs, redemptions]) => {
      const milliseconds = cpuMs[kind]
      return milliseconds === undefined || redemptions === 0 ? [] : [milliseconds / 1_000 / redemptions]
    })
    const seconds = bootstrapMedian(values)
    return seconds === null ? [] : [{ kind, seconds, rounds: values.length }]
  })
}
