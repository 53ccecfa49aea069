import { BAD_REQUEST, BODY_PROBLEMS, INTERNAL, type Problem, UNAVAILABLE } from '../middleware/problem.ts'

export const INVALID_REQUEST: Problem = { status: 400, code: 'invalid_request', title: 'The request is not valid' }
const NOT_JSON: Problem = { status: 415, code: 'not_json', title: 'Send JSON with Content-Type: application/json' }
const { 'request.aborted': _, ...body } = BODY_PROBLEMS

/** What any route with a JSON body may answer. */
export const BODY_REFUSALS: readonly Problem[] = [INVALID_REQUEST, NOT_JSON, ...Object.values(body)]
/** What any route may answer whose path holds what the asker names. */
export const PATH_REFUSALS: readonly Problem[] = [BAD_REQUEST]
/** What any route may answer that asks a store. */
export const FAILURES: readonly Problem[] = [UNAVAILABLE, INTERNAL]
export const REDEMPTION_NOT_FOUND: Problem = {
  status: 404,
  code: 'redemption_not_found',
  title: 'There is no such redemption',
}
