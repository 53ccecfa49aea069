/** Times how long redemptions wait until they are let in. */
export interface WaitMeter {
  /** @returns ends the wait, however it ended */
  startTimer(): () => unknown
}

/** For a limiter that nobody looks at. */
export const UNTIMED: WaitMeter = { startTimer: () => () => {} }
