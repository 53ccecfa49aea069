import exec from 'k6/execution'
import type { Options } from 'k6/options'
import type { Arrivals } from '../drivers/arrivals.ts'
import type { Requests } from '../drivers/recipes/requests.ts'
import type { RoomSightings } from '../drivers/recipes/room-sightings.ts'
import { type Answered, createPeople } from './people.ts'
import { shapeOf } from './shapes.ts'

/** What the driver of the bench (drivers/k6.ts) tells this script, as JSON in REDLINE_LOAD. */
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
  atMs: number,
  /** Of a request with a check of its own. */
  isGood: boolean | null,
]

const load = JSON.parse(__ENV['REDLINE_LOAD'] ?? '{}') as K6Load
const people = createPeople(load.url, load.requests, load.timeoutSeconds)

export const options: Options = {
  scenarios: { load: shapeOf(load.arrivals, load.seconds, load.vus, load.timeoutSeconds) },
}

export default function visit(): void {
  const lag = lagOf(exec.scenario.iterationInTest)
  people.visit((...answer) => tellAnswer(lag, ...answer))
  if (people.recipe.room) tellRoom(people.recipe.room)
}

/**
 * Milliseconds between the moment at which this iteration was to begin and now: known for a constant rate only, and never
 * overstated, as the clock is rounded down.
 */
function lagOf(iteration: number): number | null {
  if (load.arrivals.model !== 'constant') return null
  return Math.max(0, Date.now() - exec.scenario.startTime - (iteration * 1_000) / load.arrivals.rate)
}

function tellAnswer(lag: number | null, ...[request, response, isFirst]: Parameters<Answered>): void {
  const { step, email, code } = request
  const { status, timings, error_code: error, body } = response
  const lagMs = isFirst ? lag : null
  const latency = timings.blocked + timings.connecting + timings.duration + (lagMs ?? 0)
  const id =
    status === 202 && !step.startsWith('custom:')
      ? String((JSON.parse(body ?? '{}') as { redemption_id?: string }).redemption_id ?? '')
      : ''
  const good = request.isGood?.({ status, body: body ?? '' }) ?? null
  console.log(JSON.stringify([step, email, code, status, error, id, latency, lagMs, Date.now(), good] satisfies K6Line))
}

function tellRoom(room: RoomSightings): void {
  console.log(JSON.stringify({ room }))
  Object.assign(room, { lost_enters: 0, tried_without_pass: 0 })
  for (const list of [room.entered, room.entered_again, room.passes, room.accepted_without_pass]) list.length = 0
}

export function handleSummary(data: unknown): Record<string, string> {
  return { [load.summaryFile]: JSON.stringify(data) }
}
