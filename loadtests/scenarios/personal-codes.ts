import { AS_ASKED, type Scenario } from './scenario.ts'

/** More than a server on a small machine accepts; a load that uses them up ends early, which its rate allows for. */
const CODES_PER_SECOND = 12_000
/** Each has a bucket, which a server fills before it is ready. */
const MOST_CODES = 100_000

export const personalCodes: Scenario = {
  ...AS_ASKED,
  name: 'personal-codes',
  description:
    'everybody redeems a code of their own; 1 of 100 asks twice, of 1 of 100 a stranger tries the code (404)',
  workload(load, { seconds }) {
    const range = { prefix: `MINE-${load}`, count: Math.min(Math.ceil(seconds * CODES_PER_SECOND), MOST_CODES) }
    return {
      personalCodes: range,
      requests: {
        kind: 'redeem-personal',
        code_prefix: range.prefix,
        codes: range.count,
        repeat_every: 100,
        stranger_every: 100,
      },
    }
  },
}
