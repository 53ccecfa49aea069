import { SharedArray } from 'k6/data'
import exec from 'k6/execution'
import type { RefinedResponse } from 'k6/http'
import type { Options } from 'k6/options'
import type { Arrivals } from '../drivers/arrivals.ts'
import type { OutgoingRequest } from '../drivers/recipes/recipe.ts'
import type { Requests } from '../drivers/recipes/requests.ts'
import type { RoomSightings } from '../drivers/recipes/room-sightings.ts'
import { createPeople } from './people.ts'
import { shapeOf } from './shapes.ts'

/** What the driver of the bench (drivers/k6.ts) tells this script: JSON in the file that REDLINE_LOAD names. */
export interface K6Load {
  readonly url: string
  readonly requests: Requests
  readonly arrivals: Arrivals
  readonly seconds: number
  readonly timeoutSeconds: number
  readonly vus: number
  /** Where the summary of k6 goes. */
  readonly summaryFile: string
}

/** A line for each answer, read back by drivers/k6-lines.ts. */
export type K6Line = [
  step: string,
  email: string,
  code: string,
  status: number,
  error: number,
  redemptionId: string,
  latencyMs: number,
  lagMs: number | null,
  /** Wall clock, in whole milliseconds. */
  atMs: number,
  /** The same moment since the schedule began, with its fraction; null where the schedule is not known. */
  elapsedMs: number | null,
  /** Of a request with a check of its own. */
  isGood: boolean | null,
]

const load = readLoad()
const people = createPeople(load.url, load.requests, load.timeoutSeconds)

/** After the last one came, people go on for so long; what they sent by then has its whole time for an answer. */
const GO_ON_SECONDS = load.timeoutSeconds

// What k6 cuts is told nowhere, and its request may have been granted: so nothing may be left to cut.
export const options: Options = {
  scenarios: {
    load: shapeOf(load.arrivals, load.seconds, load.vus, GO_ON_SECONDS + load.timeoutSeconds + 1),
  },
}

/** Each VU has a world of its own: the rows of a scenario's data, of which there may be many, are kept once for all. */
function readLoad(): K6Load {
  const read = () => JSON.parse(open(__ENV['REDLINE_LOAD'] ?? '')) as K6Load
  const tablesOf = ({ requests }: K6Load) => (requests.kind === 'custom' ? requests.data : {})
  const [head] = new SharedArray('load', () => {
    const whole = read()
    return [{ ...whole, tables: Object.keys(tablesOf(whole)), requests: { ...whole.requests, data: {} } }]
  }) as [K6Load & { tables: string[] }]
  if (head.requests.kind !== 'custom') return head
  const tables = head.tables.map((name) => [name, new SharedArray(`data ${name}`, () => tablesOf(read())[name] ?? [])])
  return { ...head, requests: { ...head.requests, data: Object.fromEntries(tables) } }
}

export default function visit(): void {
  const intended = intendedAt(exec.scenario.iterationInTest)
  let lag: number | null = null
  const noteLag = () => {
    if (intended !== null) lag ??= Math.max(0, elapsedMs() - intended)
  }
  const answered = (request: OutgoingRequest, response: RefinedResponse<'text'>, isFirst: boolean) => {
    const known = isFirst ? lag : null
    tellAnswer(request, response, latencyOf(response) + (known ?? 0), known)
  }
  people.visit(answered, noteLag, isOver)
  if (people.recipe.room) tellRoom(people.recipe.room)
}

function isOver(): boolean {
  return Date.now() > exec.scenario.startTime + 1_000 * (load.seconds + GO_ON_SECONDS)
}

/** Milliseconds after the begin of the schedule at which this iteration is to begin: known for a constant rate only. */
function intendedAt(iteration: number): number | null {
  return load.arrivals.model === 'constant' ? (iteration * 1_000) / load.arrivals.rate : null
}

let scheduleBeganAt: number | null = null

/**
 * Since the schedule began. Dates have whole milliseconds here and so has the start time of a scenario; the duration of
 * the test has nanoseconds, and so has the progress of the scenario, which tells once when it began.
 */
function elapsedMs(): number {
  const now = exec.instance.currentTestRunDuration
  scheduleBeganAt ??= now - exec.scenario.progress * load.seconds * 1_000
  return now - scheduleBeganAt
}

/**
 * As k6 saw the answer come: this script goes on later, when k6 has a CPU for it. What it calls blocked is until a
 * connection was there, with the time in which it was made and its handshake.
 */
function latencyOf({ timings }: RefinedResponse<'text'>): number {
  return timings.blocked + timings.duration
}

function tellAnswer(
  { step, email, code, isGood }: OutgoingRequest,
  { status, error_code: error, body }: RefinedResponse<'text'>,
  latency: number,
  lagMs: number | null,
): void {
  const id =
    status === 202 && !step.startsWith('custom:')
      ? String((JSON.parse(body ?? '{}') as { redemption_id?: string }).redemption_id ?? '')
      : ''
  const good = isGood?.({ status, body: body ?? '' }) ?? null
  const atMs = Date.now()
  const elapsed = load.arrivals.model === 'constant' ? elapsedMs() : null
  console.log(
    JSON.stringify([step, email, code, status, error, id, latency, lagMs, atMs, elapsed, good] satisfies K6Line),
  )
}

function tellRoom(room: RoomSightings): void {
  console.log(JSON.stringify({ room }))
  Object.assign(room, { lost_enters: 0, tried_without_pass: 0 })
  for (const list of [room.entered, room.entered_again, room.passes, room.accepted_without_pass]) list.length = 0
}

export function handleSummary(data: unknown): Record<string, string> {
  return { [load.summaryFile]: JSON.stringify(data) }
}
