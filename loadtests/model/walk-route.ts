import type { Draw } from './draws.ts'
import type { Step } from './route.ts'
import type { Resource, SimulatedResource } from './simulated-resource.ts'

/** One request on its way. */
export interface Job {
  next: number
  readonly begun: number
  /** Which of the homes it belongs to, from 0 on. */
  readonly home: number
  answered: boolean
  /** A bit for each resource that it holds. */
  held: number
}

export function createJob(now: number, home: number): Job {
  return { next: 0, begun: now, home, answered: false, held: 0 }
}

/** What the walker asks the simulation for, and tells it. */
export interface World {
  draw(time: Draw): number
  /** The job goes on then. */
  later(at: number, job: Job): void
  /** Seconds from request to answer; null for a refusal. */
  answered(job: Job, now: number, seconds: number | null): void
  completed(now: number): void
}

export interface Walker {
  /** Walks on until the job waits, takes time, or ends. */
  advance(job: Job, now: number): void
}

interface Route {
  readonly resources: readonly Resource[]
  readonly route: readonly Step[]
}

/** As many as a number has bits. */
const MOST_RESOURCES = 31

/**
 * @param resources in the order of the route's own
 * @throws RangeError for more than 31 of them
 */
export function createWalker(
  { resources: named, route }: Route,
  resources: readonly SimulatedResource<Job>[],
  world: World,
): Walker {
  if (named.length > MOST_RESOURCES) throw new RangeError(`at most ${MOST_RESOURCES} resources, not ${named.length}`)
  const places = new Map(named.map(({ name }, index) => [name, index]))
  const placeOf = (step: Step) => ('resource' in step ? (places.get(step.resource) ?? -1) : -1)
  // Looked up once: a simulation takes each step many thousand times.
  const steps = route.map((step) => ({ step, place: placeOf(step) }))

  function giveBack(job: Job, place: number, now: number): void {
    job.held &= ~(1 << place)
    const next = resources[place]?.give(job, now)
    if (next === undefined) return
    next.held |= 1 << place
    world.later(now, next)
  }

  /** @returns whether the job can walk on */
  function take(job: Job, place: number, now: number): boolean {
    const outcome = resources[place]?.take(job, now)
    if (outcome === 'taken') job.held |= 1 << place
    if (outcome === 'refused') leave(job, null, now)
    return outcome === 'taken'
  }

  function answer(job: Job, seconds: number | null, now: number): void {
    if (job.answered) return
    job.answered = true
    world.answered(job, now, seconds)
  }

  /** Whatever is still held at the end is given back. */
  function leave(job: Job, seconds: number | null, now: number): void {
    answer(job, seconds, now)
    for (let place = 0; job.held !== 0; place++) if (job.held & (1 << place)) giveBack(job, place, now)
  }

  return {
    advance(job, now) {
      for (let at = steps[job.next++]; at !== undefined; at = steps[job.next++]) {
        const { step, place } = at
        if (step.do === 'spend') {
          world.later(now + world.draw(step.time), job)
          return
        }
        if (step.do === 'take' && !take(job, place, now)) return
        if (step.do === 'give back') giveBack(job, place, now)
        if (step.do === 'answer') answer(job, now - job.begun, now)
      }
      world.completed(now)
      leave(job, now - job.begun, now)
    },
  }
}
