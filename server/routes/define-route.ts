import type { Request, Response, Router } from 'express'
import { z } from 'zod'
import { sendJson } from '../middleware/send-json.ts'
import type { RouteDescription } from '../openapi/route-description.ts'
import { parseBody, parseInput } from './parse-body.ts'

/** As parsed from JSON or an address: what is left out is not there, rather than `undefined`. */
type Given<Schema extends z.ZodType> = { [Key in keyof z.output<Schema>]: Exclude<z.output<Schema>[Key], undefined> }

/** What a handler gets: parsed by the schemas that also describe the route. */
export interface Input<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodObject> {
  readonly params: Given<Params>
  readonly query: Given<Query>
  readonly body: Given<Body>
}

export interface Route extends RouteDescription {
  /** @throws RequestError for what is not valid; what else the handler throws */
  readonly respond: (request: Request) => Promise<object>
}

type NoFields = z.ZodObject<Record<never, never>>

/** A route of which the document, the checks of the input and the handler are one. */
export function defineRoute<
  Params extends z.ZodObject = NoFields,
  Query extends z.ZodObject = NoFields,
  Body extends z.ZodObject = NoFields,
>(
  description: RouteDescription & { readonly params?: Params; readonly query?: Query; readonly body?: Body },
  handle: (input: Input<Params, Query, Body>) => Promise<object>,
): Route {
  const { params = none, query = none, body } = description
  return {
    ...description,
    async respond(request) {
      const input = {
        params: parseInput(params, request.params, 'path'),
        query: parseInput(query, { ...request.query }, 'query'),
        body: body === undefined ? {} : parseBody(body, request),
      }
      return handle(input as unknown as Input<Params, Query, Body>)
    },
  }
}

const none = z.strictObject({})

/** @param run runs the work behind a request, or refuses to */
export function mountRoutes(
  router: Router,
  prefix: string,
  routes: readonly Route[],
  run: (work: () => Promise<object>, response: Response) => Promise<object>,
): void {
  for (const { method, path, answer, respond } of routes) {
    router[method](path.slice(prefix.length), async (request, response) => {
      const body = await run(() => respond(request), response)
      response.set('Cache-Control', 'no-store')
      sendJson(response, answer.status, body)
    })
  }
}
