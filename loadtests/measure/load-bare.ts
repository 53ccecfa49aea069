import type { ProcessKind } from '../run-file.ts'
import { readCpu, subtractCpu } from './cpu-meter.ts'
import { describeWorkloads, type LoadTarget, removeAnswers, runLoad, toLoad } from './run-load.ts'
import { type Judged, type LoadContext, NOTHING_MEASURED, type TrialPosition } from './trial-context.ts'
import { startTrialRecorder } from './trial-recorder.ts'

/** Something that is loaded without a look inside. */
interface Bare extends Pick<LoadTarget, 'url' | 'rateFactor' | 'died' | 'keepsPart'> {
  /** Processes of which the CPU is counted. */
  readonly roots: Partial<Record<ProcessKind, readonly number[]>>
}

/** Warm-up and one measured load; there is no drain, and no invariants. */
export async function loadBare(context: LoadContext, position: TrialPosition, bare: Bare): Promise<Judged> {
  const roots = { ...bare.roots, generator: [context.generator.process.pid] }
  const recorder = startTrialRecorder({ metricsUrls: [], roots }, (sample) => context.onSample(sample, position))
  const kept = { answersFiles: [], rooms: [] }
  const target: LoadTarget = { ...bare, workloads: describeWorkloads(context), recorder, ...kept }
  try {
    await runLoad(context, target, 'warm-up')
    recorder.phase = 'paused'
    const cpu = readCpu(roots)
    const result = await runLoad(context, target, 'paused')
    const load = toLoad('paused', result, subtractCpu(readCpu(roots), cpu))
    const { steal, cpuPressure } = await recorder.stop()
    const measured = { ...NOTHING_MEASURED, loads: [load], samples: [...recorder.samples] }
    return { ...measured, status: 'ok', failure: null, steal, cpu_pressure: cpuPressure }
  } finally {
    await recorder.stop()
    await removeAnswers(target)
  }
}
