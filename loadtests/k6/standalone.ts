import { check } from 'k6'
import type { Options } from 'k6/options'
import { peakRate } from '../drivers/peak-rate.ts'
import type { Requests } from '../drivers/recipes/requests.ts'
import { createPeople } from './people.ts'
import { NAMED_SHAPES, shapeOf } from './shapes.ts'
import { thresholdsFrom } from './thresholds.ts'

/**
 * The same people by k6 alone, without the harness: for a system that runs already (`npm start`), for a dashboard or on a
 * cluster. README, "k6 by itself", tells the variables.
 */
const env = (name: string, otherwise: string) => __ENV[name] || otherwise
const shape = env('SHAPE', 'constant')
const code = env('CODE', 'WELCOME')
const scenario = env('SCENARIO', 'hot-code')
const rate = Number(env('RATE', '20'))
const users = Number(env('USERS', '100'))
const seconds = Number(env('DURATION', '30'))
const prefix = env('EMAIL_PREFIX', `k6-${Date.now()}`)

const SCENARIOS: Readonly<Record<string, Requests>> = {
  'hot-code': { kind: 'redeem-shared', codes: [code], seed: 1, email_prefix: prefix },
  'many-codes': { kind: 'redeem-shared', codes: code.split(','), seed: 1, email_prefix: prefix },
  'sold-out': { kind: 'redeem-shared', codes: [code], seed: 1, email_prefix: prefix },
  'personal-codes': {
    ...{ kind: 'redeem-personal', code_prefix: env('CODE_PREFIX', 'PERSONAL'), codes: Number(env('CODES', '20')) },
    ...{ repeat_every: 100, stranger_every: 100, email_prefix: prefix },
  },
  'status-poll': { kind: 'poll-status', code, polls: 4, think_ms: 100, email_prefix: prefix },
  'waiting-room': {
    ...{ kind: 'pass-waiting-room', activity_id: env('ACTIVITY', ''), code, poll_ms: 500, email_prefix: prefix },
    ...{ without_pass_every: 1_000_000, enter_twice_every: 1_000_000 },
  },
}

function choose<Value>(name: string, value: string, choices: Readonly<Record<string, Value>>): Value {
  const chosen = choices[value]
  if (chosen === undefined) throw new RangeError(`${name}="${value}" is none of ${Object.keys(choices).join(', ')}`)
  return chosen
}

const people = createPeople(env('REDLINE_URL', 'http://127.0.0.1:3000'), choose('SCENARIO', scenario, SCENARIOS), 10)
const arrivals = shape === 'users-once' ? null : choose('SHAPE', shape, NAMED_SHAPES)(rate)
/** Enough for people who wait two seconds, also at the peak: people without one would be dropped, which is no limit of the server. */
const vus = Math.max(20, Math.ceil(2 * (arrivals ? peakRate(arrivals) : rate)))

export const options: Options = {
  scenarios: {
    load:
      arrivals === null
        ? { executor: 'shared-iterations', vus: Math.min(100, users), iterations: users }
        : shapeOf(arrivals, seconds, vus, 10),
  },
  thresholds: thresholdsFrom(JSON.parse(open(env('TARGETS', '../targets/guide.json'))), scenario),
}
if (shape === 'breakpoint')
  for (const [name, list] of Object.entries(options.thresholds ?? {}))
    Object.assign(options.thresholds ?? {}, {
      [name]: list.map((threshold) => ({ threshold, abortOnFail: true, delayAbortEval: '5s' })),
    })

export default function visit(): void {
  people.visit((_request, response) => {
    check(response, { 'no server error': ({ status }) => status > 0 && status < 500 })
  })
}
