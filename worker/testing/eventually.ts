import { expect } from 'vitest'

/** Asks again and again until the expectation holds, or the test's patience ends. */
export const eventually = <T>(read: () => T | Promise<T>, timeout = 20_000) =>
  expect.poll(read, { timeout, interval: 10 })
