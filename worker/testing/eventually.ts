import { expect } from 'vitest'

/** Asks again and again until the expectation holds, or the test's patience ends. */
export const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 20_000, interval: 10 })
