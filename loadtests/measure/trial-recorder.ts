import type { Progress } from '../drivers/driver.ts'
import type { ProcessKind, Sample } from '../run-file.ts'
import { readCpuPressureMs, readMachineTime, stealBetween } from './proc.ts'
import { type SamplerOptions, type SystemSample, startSampler } from './sampler.ts'

export interface TrialRecorder {
  phase: Sample['phase']
  readonly samples: readonly Sample[]
  /** Give it what clients see, as it comes. */
  onProgress(progress: Progress): void
  /** Stops sampling. @returns steal and CPU pressure over the whole time, null where they are not told */
  stop(): Promise<{ steal: number | null; cpuPressure: number | null }>
}

type ClientSide = Pick<Sample, 'accepted' | 'refused' | 'errors' | 'p50_ms' | 'p99_ms'>

const NOTHING: ClientSide = { accepted: 0, refused: 0, errors: 0, p50_ms: null, p99_ms: null }

/** Joins what clients see and what the system shows into one series on one clock, a sample each second. */
export function startTrialRecorder(
  source: Pick<SamplerOptions, 'metricsUrls'> & { roots: Partial<Record<ProcessKind, readonly number[]>> },
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
    onProgress({ accepted, refused, errors, p50_ms, p99_ms }) {
      clients = {
        accepted: clients.accepted + accepted,
        refused: clients.refused + refused,
        errors: clients.errors + errors,
        p50_ms: p50_ms ?? clients.p50_ms,
        p99_ms: p99_ms ?? clients.p99_ms,
      }
    },
    async stop() {
      await sampler.stop()
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
    onSample(system: SystemSample) {
      const sample = { ...system, ...clients, phase: recorder.phase }
      clients = NOTHING
      samples.push(sample)
      onSample(sample)
    },
  })
  return recorder
}
