import type { Draw } from './draws.ts'
import type { Resource } from './simulated-resource.ts'

/** What one request does, step by step. */
export type Step =
  /** Waits for a unit of the resource and keeps it. */
  | { readonly do: 'take'; readonly resource: string }
  | { readonly do: 'give back'; readonly resource: string }
  /** Takes time, with whatever it holds. */
  | { readonly do: 'spend'; readonly time: Draw }
  /** The client gets its answer; what follows goes on behind it, as an invite does. */
  | { readonly do: 'answer' }

/** At a server: wait for it, keep it for a time, leave. */
export function serve(resource: string, time: Draw): Step[] {
  return [
    { do: 'take', resource },
    { do: 'spend', time },
    { do: 'give back', resource },
  ]
}

/** Something held while other steps are done: a connection, a lock, a place in a semaphore. */
export function hold(resource: string, steps: readonly Step[]): Step[] {
  return [{ do: 'take', resource }, ...steps, { do: 'give back', resource }]
}

/** @throws RangeError for a route that cannot be walked */
export function checkRoute(route: readonly Step[], resources: readonly Resource[]): void {
  const held = new Set<string>()
  for (const step of route) {
    if (step.do !== 'take' && step.do !== 'give back') continue
    const { resource } = step
    if (!resources.some(({ name }) => name === resource)) throw new RangeError(`there is no resource "${resource}"`)
    if (step.do === 'take' && held.has(resource))
      throw new RangeError(`"${resource}" is taken twice: it may wait for itself`)
    if (step.do === 'give back' && !held.has(resource))
      throw new RangeError(`"${resource}" is given back, but not taken`)
    if (step.do === 'take') held.add(resource)
    else held.delete(resource)
  }
  if (route.filter((step) => step.do === 'answer').length > 1) throw new RangeError('a request is answered once')
}
