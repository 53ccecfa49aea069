import type { Request } from 'express'
import type { z } from 'zod'
import { RequestError } from '../errors.ts'

/** @throws RequestError 415 when the body is not JSON, 400 naming the faulty fields */
export function parseBody<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  // A body was parsed only if it was JSON, so the question needs an answer only without one.
  if (request.body === undefined && request.is('json') === false) {
    throw new RequestError(415, 'not_json', 'Send JSON with Content-Type: application/json')
  }
  return parseInput(schema, request.body ?? {}, 'body')
}

/** @throws RequestError 400 naming the faulty parameters */
export function parseQuery<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  return parseInput(schema, { ...request.query }, 'query')
}

/** @throws RequestError 400 naming the faulty fields, or the whole when it is none of them */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown, whole: string): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || whole}: ${issue.message}`)
  throw new RequestError(400, 'invalid_request', 'The request is not valid', faults.join('; '))
}
