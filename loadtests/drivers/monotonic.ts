const TRIES = 5

/**
 * Milliseconds from `performance.now()` to process.hrtime(), the clock that all threads and processes of a machine share.
 * The two are read one after the other: of some tries the one counts in which the least time passed between.
 */
export function monotonicOffsetMs(): number {
  let [offset, least] = [0, Number.POSITIVE_INFINITY]
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const before = performance.now()
    const shared = Number(process.hrtime.bigint()) / 1e6
    const after = performance.now()
    if (after - before >= least) continue
    least = after - before
    offset = shared - (before + after) / 2
  }
  return offset
}
