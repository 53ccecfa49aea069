/** Sees steps of the wall clock: ids of answers and mails are laid on it, so that a step would shift what is measured. */
export function createClockWatch() {
  let offset = Date.now() - performance.now()
  let greatestMs = 0
  return {
    /** Looks once; call it about each second, so that a slow correction of the clock is no step. */
    look(): void {
      const now = Date.now() - performance.now()
      greatestMs = Math.max(greatestMs, Math.abs(now - offset))
      offset = now
    },
    get greatestMs() {
      return greatestMs
    },
  }
}
