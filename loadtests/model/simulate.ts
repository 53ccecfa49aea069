import { build } from 'hdr-histogram-js'
import { createRandom } from '../analysis/random.ts'
import { createBatchMeans, type Estimate } from './batch-means.ts'
import type { Draw } from './draws.ts'
import { exponential } from './draws.ts'
import { createEventHeap, type EventHeap } from './event-heap.ts'
import { checkRoute, type Step } from './route.ts'
import { createResources, type Resource, type ResourceResult } from './simulated-resource.ts'
import { splitCustomers } from './split-customers.ts'
import { createJob, createWalker, type Job } from './walk-route.ts'

export interface Simulation {
  readonly resources: readonly Resource[]
  readonly route: readonly Step[]
  /** So many who think between answer and request, or arrivals at random at a rate that waits for nobody. */
  readonly arrivals: { readonly customers: number; readonly think: Draw } | { readonly ratePerSecond: number }
  /**
   * Places to which requests belong at random, as connections belong to one process of a cluster: a customer stays with
   * his, arrivals that wait for nobody come to any. One when left out.
   */
  readonly homes?: number
  /** Seconds that are not counted, and those that are. */
  readonly warmUp: number
  readonly duration: number
  readonly seed: number
}

export interface SimulationResult {
  /** Requests per second: of arrivals at random not exactly as many as were asked for. */
  readonly arrived: number
  /** Answers per second, refusals not included. */
  readonly throughput: Estimate
  /** Seconds from request to answer. */
  readonly responseTime: Estimate
  readonly percentiles: { readonly p50: number; readonly p95: number; readonly p99: number }
  readonly answers: number
  readonly refused: number
  /** Requests whose last step was done, per second. */
  readonly completed: number
  readonly resources: readonly ResourceResult[]
}

/** Somebody who begins a request. */
interface Arrival {
  readonly home: number
}

/** Events of one moment; more than that many are an endless round. */
const MOST_AT_ONCE = 1_000_000
/** 1 µs to an hour; its p99 is within 0.1 %. */
const HISTOGRAM = {
  lowestDiscernibleValue: 1,
  highestTrackableValue: 3.6e9,
  numberOfSignificantValueDigits: 3,
} as const

/**
 * Discrete events: each request walks its route, waiting in order of arrival wherever a resource is taken. Gives the
 * percentiles that exact models cannot, for held resources and times of any distribution.
 * @throws RangeError for a route that cannot be walked
 */
export function simulate(simulation: Simulation): SimulationResult {
  check(simulation)
  const { arrivals, warmUp, duration, homes = 1 } = simulation
  const random = createRandom(simulation.seed)
  const events = createEventHeap<Job | Arrival>()
  const resources = simulation.resources.map((each) => createResources<Job>(each, homes))
  const record = createRecord(warmUp, duration)
  const again = 'customers' in arrivals ? arrivals.think : null
  const walker = createWalker(simulation, resources, {
    draw: (time) => time(random),
    later: (at, job) => events.push(at, job),
    answered({ home }, now, seconds) {
      if (seconds === null) record.refuse(now)
      else record.answer(now, seconds)
      if (again !== null) events.push(now + again(random), { home })
    },
    completed: record.complete,
  })
  const gap = 'customers' in arrivals ? null : exponential(1 / arrivals.ratePerSecond)
  const anyHome = () => (homes === 1 ? 0 : Math.floor(random() * homes))
  const first = 'customers' in arrivals ? splitCustomers(arrivals.customers, homes) : [anyHome()]
  for (const home of first) events.push((gap ?? again)?.(random) ?? 0, { home })
  const reset = () => {
    for (const resource of resources) resource.reset(warmUp)
  }
  for (const { at, event } of eventsUntil(events, warmUp, reset, warmUp + duration)) {
    const arrives = !('next' in event)
    if (arrives) record.arrive(at)
    if (arrives && gap !== null) events.push(at + gap(random), { home: anyHome() })
    walker.advance(arrives ? createJob(at, event.home) : event, at)
  }
  return { ...record.report(), resources: resources.map((each) => each.report(warmUp + duration)) }
}

/** The earliest again and again until the end; `reset` is called once, when the warm-up is over. */
function* eventsUntil<Event>(events: EventHeap<Event>, warmUp: number, reset: () => void, end: number) {
  let isWarm = false
  let [moment, atOnce] = [0, 0]
  for (let next = events.pop(); next !== undefined && next.at < end; next = events.pop()) {
    if (!isWarm && next.at >= warmUp) {
      reset()
      isWarm = true
    }
    atOnce = next.at === moment ? atOnce + 1 : 0
    moment = next.at
    if (atOnce > MOST_AT_ONCE)
      throw new RangeError(`time stands still at ${moment} s: whoever is refused comes again at once; let them think`)
    yield next
  }
  if (!isWarm) reset()
}

function createRecord(warmUp: number, duration: number) {
  const times = createBatchMeans(warmUp, duration)
  const histogram = build({ ...HISTOGRAM, autoResize: false })
  let [arrived, answers, refused, completed] = [0, 0, 0, 0]
  const percentile = (p: number) => histogram.getValueAtPercentile(p) / 1e6
  return {
    arrive(now: number) {
      if (now >= warmUp) arrived++
    },
    answer(now: number, seconds: number) {
      if (now < warmUp) return
      answers++
      times.record(now, seconds)
      histogram.recordValue(Math.min(Math.max(1, Math.round(seconds * 1e6)), HISTOGRAM.highestTrackableValue))
    },
    refuse(now: number) {
      if (now >= warmUp) refused++
    },
    complete(now: number) {
      if (now >= warmUp) completed++
    },
    report() {
      return {
        arrived: arrived / duration,
        throughput: times.rate(),
        responseTime: times.values(),
        percentiles: { p50: percentile(50), p95: percentile(95), p99: percentile(99) },
        answers,
        refused,
        completed: completed / duration,
      }
    },
  }
}

function check({ route, resources, arrivals, warmUp, duration, homes = 1 }: Simulation): void {
  checkRoute(route, resources)
  if (!(warmUp >= 0 && duration > 0)) throw new RangeError(`warm-up and duration: ${warmUp}, ${duration} seconds`)
  if (!(homes >= 1)) throw new RangeError(`there must be a home at least, not ${homes}`)
  for (const { name, units } of resources)
    if (!(units >= 1)) throw new RangeError(`"${name}" needs at least one unit, not ${units}`)
  const amount = 'customers' in arrivals ? arrivals.customers : arrivals.ratePerSecond
  if (!(amount > 0)) throw new RangeError(`somebody must come: ${amount}`)
}
