import type { z } from 'zod'
import type { Problem } from '../middleware/problem.ts'

/** A header of an answer, by its name. */
export type AnswerHeaders = Readonly<Record<string, { readonly description: string; readonly example: string }>>

/** What the API's document says about a route; it stands beside the route itself. */
export interface RouteDescription {
  readonly method: 'get' | 'post' | 'patch'
  /** As Express takes it, from the root: `/api/v1/public/redemptions/:id`. */
  readonly path: string
  /** Unique, camelCase. */
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  readonly headers?: z.ZodObject
  readonly body?: z.ZodType
  /** Whose token it takes. `tenant?`: also without one. */
  readonly token?: 'admin' | 'tenant?'
  /** The answer when all goes well. */
  readonly answer: {
    readonly status: 200 | 201 | 202 | 303
    readonly description: string
    readonly schema?: z.ZodType
    /** Of the body; JSON when it is left out. */
    readonly type?: string
    readonly headers?: AnswerHeaders
  }
  /** What it may refuse, by stable codes. */
  readonly problems: readonly Problem[]
}
