import { parentPort, workerData } from 'node:worker_threads'
import { type Arrivals, arrivalTimes } from './arrivals.ts'

export interface PacerData {
  readonly arrivals: Arrivals
  readonly seconds: number
}

/** What the thread says: first that it is ready to be told when the load begins, then at each arrival. */
export type PacerMessage = 'ready' | 'due'

/** Wakes its parent at each arrival, counted from this moment of the one clock that all threads share. */
function wakeFrom(beganAtNs: bigint): void {
  const { arrivals, seconds } = workerData as PacerData
  const neverChanged = new Int32Array(new SharedArrayBuffer(4))
  for (const dueMs of arrivalTimes(arrivals, seconds)) {
    const waitMs = dueMs - Number(process.hrtime.bigint() - beganAtNs) / 1e6
    if (waitMs > 0) Atomics.wait(neverChanged, 0, 0, waitMs)
    say('due')
  }
  parentPort?.close()
}

function say(message: PacerMessage): void {
  parentPort?.postMessage(message)
}

parentPort?.once('message', wakeFrom)
say('ready')
