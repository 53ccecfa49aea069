import { NO_OP_FACTOR } from '../analysis/gates.ts'
import { InvalidRunError } from '../errors.ts'
import { startCeiling } from '../sut/ceiling.ts'
import { readCpu, subtractCpu } from './cpu-meter.ts'
import { describeWorkloads, type LoadTarget, removeAnswers, runLoad, toLoad } from './run-load.ts'
import { type Judged, NOTHING_MEASURED, type TrialContext, type TrialPosition } from './trial-context.ts'
import { startTrialRecorder } from './trial-recorder.ts'

/**
 * The bare route under the same load, or in an open loop under so many times the rate, which a generator must be able to
 * make before it is believed: warm-up and one measured load; it has no drain and no
 * invariants.
 */
export async function loadCeiling(context: TrialContext, position: TrialPosition): Promise<Judged> {
  const { plan, directory, signal, generator } = context
  const server = await startCeiling(plan.profile.servers, directory, signal)
  const roots = { server: [server.pid], generator: [generator.process.pid] }
  const recorder = startTrialRecorder({ metricsUrls: [], roots }, (sample) => context.onSample(sample, position))
  const died = server.died.then(() => Promise.reject(new InvalidRunError('The ceiling ended')))
  died.catch(() => {})
  const url = server.ready.url ?? ''
  const workloads = describeWorkloads(context)
  const kept = { answersFiles: [], rooms: [] }
  const target: LoadTarget = { url, rateFactor: NO_OP_FACTOR, workloads, recorder, died, ...kept }
  try {
    await runLoad(context, target, 'warm-up')
    recorder.phase = 'paused'
    const cpu = readCpu(roots)
    const result = await runLoad(context, target, 'paused')
    const load = toLoad('paused', result, subtractCpu(readCpu(roots), cpu))
    const { steal, cpuPressure } = await recorder.stop()
    const samples = [...recorder.samples]
    const measured = { ...NOTHING_MEASURED, loads: [load] }
    return { ...measured, status: 'ok', failure: null, steal, cpu_pressure: cpuPressure, samples }
  } finally {
    await recorder.stop()
    await server.stop()
    await removeAnswers(target)
  }
}
