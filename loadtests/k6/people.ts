import { sleep } from 'k6'
import exec from 'k6/execution'
import http, { type RefinedResponse } from 'k6/http'
import type { OutgoingRequest } from '../drivers/recipes/recipe.ts'
import { createRecipe } from '../drivers/recipes/registry.ts'
import type { Requests } from '../drivers/recipes/requests.ts'

// The recipes ask for the time; k6 has only whole milliseconds, and rounds down.
Object.assign(globalThis, { performance: { timeOrigin: 0, now: () => Date.now() + 1 } })

// A clear no is an answer, not a failure.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 499 }))

type Answered = (request: OutgoingRequest, response: RefinedResponse<'text'>, isFirst: boolean) => void

/** The recipes of the harness as iterations of k6: one person each, from the first request to the last one. */
export function createPeople(url: string, requests: Requests, timeoutSeconds: number) {
  // Each VU has its own world: what is drawn at random must differ between them.
  const recipe = createRecipe('seed' in requests ? { ...requests, seed: requests.seed + __VU } : requests)
  const send = ({ step, method, path, headers, body }: OutgoingRequest): RefinedResponse<'text'> =>
    http.request(method, `${url}${path}`, body ?? null, {
      headers: { ...(body && { 'Content-Type': 'application/json' }), Accept: 'application/json', ...headers },
      timeout: `${timeoutSeconds}s`,
      responseType: 'text',
      // An answer is an answer, and where it leads to may be somebody else's.
      redirects: 0,
      // Without it each status of a redemption, and each cell in a path, would be a series of its own.
      tags: { name: step.startsWith('custom:') ? step : path.replace(/\/[0-9a-f-]{36}|\?.*/g, '') },
    })
  return {
    recipe,
    /**
     * @param onSend is called right before each request leaves
     * @param isOver asked before each request but the first: whether its person goes home instead
     */
    visit(onAnswer: Answered, onSend?: () => void, isOver = () => false): void {
      const person = exec.scenario.iterationInTest + 1
      if (person > recipe.mostPeople) return
      const script = recipe.visit(person)
      let isFirst = true
      for (let next = script.next({ status: 0, body: '' }); !next.done; isFirst = false) {
        const request = next.value
        if (request.waitMs) sleep(request.waitMs / 1_000)
        if (!isFirst && isOver()) return
        onSend?.()
        const response = send(request)
        onAnswer(request, response, isFirst)
        next = script.next({ status: response.status, body: response.body ?? '' })
      }
    },
  }
}
