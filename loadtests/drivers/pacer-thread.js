import { parentPort, workerData } from 'node:worker_threads'

// Plain JavaScript, because a thread of Node 20 does not inherit the loader for TypeScript.

/** @type {{ turn: Int32Array, moments: Float64Array }} */
const { turn, moments } = workerData
/** A turn and how many of it are due in one number, which costs less to hand over than an object. */
const FIELD = moments.length + 1

const msUntil = (/** @type {number} */ index) => Number(moments[index]) - Number(process.hrtime.bigint()) / 1e6

/**
 * Waits for a moment; tells whether it came, and not the next turn.
 * @param {number} index
 * @param {number} seen
 */
const waitFor = (index, seen) => {
  for (let waitMs = msUntil(index); waitMs > 0; waitMs = msUntil(index)) {
    if (Atomics.wait(turn, 0, seen, waitMs) === 'timed-out') return true
    // A turn may be seen before it is told: that word wakes here, and means nothing new.
    if (Atomics.load(turn, 0) !== seen) return false
  }
  return true
}

// To be online is not to be ready: this line runs up to 100 ms later.
parentPort?.postMessage('ready')

/**
 * Each turn is a list of moments of process.hrtime() in milliseconds, infinite behind its end: wakes the parent at each,
 * and says how many of which turn are due.
 * A turn ends when the next one begins.
 */
for (let seen = 0; ; ) {
  Atomics.wait(turn, 0, seen)
  seen = Atomics.load(turn, 0)
  for (let index = 0; index < moments.length && moments[index] !== Number.POSITIVE_INFINITY; index++) {
    if (!waitFor(index, seen)) break
    // Of several that are due by now, the word about the last one is enough.
    if (index + 1 === moments.length || msUntil(index + 1) > 0) parentPort?.postMessage(seen * FIELD + index + 1)
  }
}
