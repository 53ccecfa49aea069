import type { Progress } from '../drivers/driver.ts'
import type { ProcessKind, Sample } from '../run-file.ts'
import { readCpuPressureMs, readMachineTime, stealBetween } from './proc.ts'
import { type SamplerOptions, type SystemSample, startSampler } from './sampler.ts'
import type { LockWatch } from './watch-locks.ts'

export interface TrialRecorder {
  phase: Sample['phase']
  readonly samples: readonly Sample[]
  /** Give it what clients see, as it comes. */
  onProgress(progress: Progress): void
  /** Stops sampling. @returns steal and CPU pressure over the whole time, null where they are not told */
  stop(): Promise<{ steal: number | null; cpuPressure: number | null }>
}

type ClientSide = Pick<Sample, 'accepted' | 'served' | 'refused' | 'errors' | 'p50_ms' | 'p99_ms'> & {
  /** The phase in which most of it arrived; null while nothing did. */
  phase: Sample['phase'] | null
}

const NOTHING: ClientSide = { accepted: 0, served: 0, refused: 0, errors: 0, p50_ms: null, p99_ms: null, phase: null }

/** Joins what clients see and what the system shows into one series on one clock, a sample each second. */
export function startTrialRecorder(
  source: Pick<SamplerOptions, 'metricsUrls' | 'onScrape'> & {
    roots: Partial<Record<ProcessKind, readonly number[]>>
    /** Of the system's Postgres, where it has one. */
    locks?: LockWatch
  },
  onSample: (sample: Sample) => void,
): TrialRecorder {
  const samples: Sample[] = []
  const machineBefore = readMachineTime()
  const pressureBefore = readCpuPressureMs()
  const startedAt = performance.now()
  let clients = NOTHING

  const recorder: TrialRecorder = {
    phase: 'warm-up',
    samples,
    onProgress(progress) {
      clients = join(clients, progress, recorder.phase)
    },
    async stop() {
      await Promise.all([sampler.stop(), source.locks?.stop()])
      const pressure = readCpuPressureMs()
      const elapsedMs = performance.now() - startedAt
      return {
        steal: stealBetween(machineBefore, readMachineTime()),
        cpuPressure: pressure === null || pressureBefore === null ? null : (pressure - pressureBefore) / elapsedMs,
      }
    },
  }
  const sampler = startSampler({
    metricsUrls: source.metricsUrls,
    processes: source.roots,
    onScrape: source.onScrape,
    onSample(system: SystemSample) {
      // The last second of a load is its own, also when the next phase has begun before the sample is taken.
      const seen = { lock_waiting: source.locks?.take() ?? null, extra: {} }
      const sample = { ...system, ...clients, phase: clients.phase ?? recorder.phase, ...seen }
      clients = NOTHING
      samples.push(sample)
      onSample(sample)
    },
  })
  return recorder
}

/** Two reports in one sample: percentiles cannot be added, so the slower one's stand for both. */
function join(clients: ClientSide, progress: Progress, phase: Sample['phase']): ClientSide {
  const { p50_ms, p99_ms } = (progress.p99_ms ?? -1) > (clients.p99_ms ?? -1) ? progress : clients
  return {
    accepted: clients.accepted + progress.accepted,
    served: clients.served + progress.served,
    refused: clients.refused + progress.refused,
    errors: clients.errors + progress.errors,
    p50_ms,
    p99_ms,
    phase: clients.phase !== null && requestsOf(clients) >= requestsOf(progress) ? clients.phase : phase,
  }
}

function requestsOf({ accepted, served, refused, errors }: Omit<ClientSide, 'phase' | 'p50_ms' | 'p99_ms'>): number {
  return accepted + served + refused + errors
}
