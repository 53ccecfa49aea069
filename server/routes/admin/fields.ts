import { z } from 'zod'
import type { Problem } from '../../middleware/problem.ts'
import { BODY_REFUSALS, FAILURES, INVALID_REQUEST, PATH_REFUSALS } from '../../openapi/common-problems.ts'
import { PLAIN_TEXT } from '../plain-text.ts'

export const ADMIN_PATH = '/api/v1/admin'

/** Postgres' integer. */
const MAX_INTEGER = 2_147_483_647
const MAX_PER_SECOND = 1_000_000

/** An id in an address. */
export const serial = z.coerce.number().int().min(1).max(MAX_INTEGER)
/** An id in a body. */
export const integer = z.int().min(1).max(MAX_INTEGER)
export const wholeUses = z.int().min(0).max(MAX_INTEGER)
export const seats = integer
export const perSecond = z.number().positive().max(MAX_PER_SECOND)
export const name = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(...PLAIN_TEXT)
/** ISO 8601 with an offset, later than 1970. */
export const time = z.iso
  .datetime({ offset: true, error: 'expected a time as in ISO 8601, with its offset' })
  .transform((text) => new Date(text))
  .refine((date) => date.getTime() > 0, 'expected a time after 1970')
  .meta({ type: 'string', format: 'date-time', example: '2030-01-31T12:00:00+08:00' })
export const code = z
  .string()
  .max(64)
  .regex(/^[\w.-]+$/, 'may hold letters, digits, ".", "_" and "-"')
export const uuid = z.uuid().toLowerCase()

/** As answers carry it. */
export const givenTime = z.iso.datetime()

/** The query of a list whose keys are of this kind. */
export const pageQuery = <After extends z.ZodType>(after: After) => ({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: after.optional().meta({ description: '`next` of the page before' }),
})

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    next: z.string().nullable().meta({ description: 'For `after`, to get the next page; null after the last one' }),
  })

const ACCESS: readonly Problem[] = [
  { status: 401, code: 'unauthorised', title: "An administrator's token is needed" },
  { status: 403, code: 'forbidden', title: 'This is for administrators' },
]

/** What each route of administrators may answer, beside what is its own. */
export const readProblems = (...own: Problem[]) => [INVALID_REQUEST, ...PATH_REFUSALS, ...ACCESS, ...own, ...FAILURES]
export const writeProblems = (...own: Problem[]) => [...BODY_REFUSALS, ...PATH_REFUSALS, ...ACCESS, ...own, ...FAILURES]

export const NO_GROUP: Problem = { status: 404, code: 'group_not_found', title: 'There is no such group' }
export const NO_TEAM: Problem = { status: 404, code: 'team_not_found', title: 'There is no such team' }
export const NO_CODE: Problem = { status: 404, code: 'code_not_found', title: 'There is no such code' }
export const NO_ACTIVITY: Problem = { status: 404, code: 'activity_not_found', title: 'There is no such activity' }
