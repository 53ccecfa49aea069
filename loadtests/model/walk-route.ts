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
  readonly held: Set<string>
}

export function createJob(now: number, home: number): Job {
  return { next: 0, begun: now, home, answered: false, held: new Set() }
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

/** @param resources in the order of the route's own */
export function createWalker(
  { resources: named, route }: Route,
  resources: SimulatedResource<Job>[],
  world: World,
): Walker {
  const byName = new Map(named.map(({ name }, index) => [name, resources[index]]))

  function giveBack(job: Job, name: string, now: number): void {
    job.held.delete(name)
    const next = byName.get(name)?.give(job, now)
    if (next === undefined) return
    next.held.add(name)
    world.later(now, next)
  }

  /** @returns whether the job can walk on */
  function take(job: Job, name: string, now: number): boolean {
    const outcome = byName.get(name)?.take(job, now)
    if (outcome === 'taken') job.held.add(name)
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
    for (const name of [...job.held]) giveBack(job, name, now)
  }

  return {
    advance(job, now) {
      for (let step = route[job.next++]; step !== undefined; step = route[job.next++]) {
        if (step.do === 'spend') {
          world.later(now + world.draw(step.time), job)
          return
        }
        if (step.do === 'take' && !take(job, step.resource, now)) return
        if (step.do === 'give back') giveBack(job, step.resource, now)
        if (step.do === 'answer') answer(job, now - job.begun, now)
      }
      world.completed(now)
      leave(job, now - job.begun, now)
    },
  }
}
