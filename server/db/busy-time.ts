/** A level, summed over time: of connections in use, how many seconds of connections were used by now. */
interface BusyTime {
  /** Call it after each change of the level. */
  note(): void
  /** By now. */
  seconds(): number
}

/** @param level as the pool itself counts it, so that it can be held against the times that its users measure */
export function createBusyTime(level: () => number, nowMs = () => performance.now()): BusyTime {
  let since = nowMs()
  let before = level()
  let summed = 0
  function note(): void {
    const now = nowMs()
    summed += before * (now - since)
    since = now
    before = level()
  }
  return {
    note,
    seconds() {
      note()
      return summed / 1_000
    },
  }
}
