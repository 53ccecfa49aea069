import { randomUUID } from 'node:crypto'
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import type { Logger } from 'pino'
import { RequestError, UnavailableError } from '../errors.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { sendJson } from './send-json.ts'

/** What a client may read about a failure (RFC 9457, with a stable `code`). */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail?: string | undefined
  readonly retryAfterSeconds?: number | undefined
}

export function sendProblem(response: Response, { retryAfterSeconds, ...problem }: Problem): void {
  if (retryAfterSeconds !== undefined) response.set('Retry-After', String(Math.max(1, Math.ceil(retryAfterSeconds))))
  // RFC 9110 asks for it with every 401.
  if (problem.status === 401 && !response.hasHeader('WWW-Authenticate')) response.set('WWW-Authenticate', 'Bearer')
  sendJson(response, problem.status, { type: 'about:blank', ...problem }, 'application/problem+json')
}

export const UNAVAILABLE = { status: 503, code: 'unavailable', title: 'It cannot be done safely right now' } as const
export const BAD_REQUEST = { status: 400, code: 'bad_request', title: 'The request could not be read' } as const
export const INTERNAL = { status: 500, code: 'internal', title: 'Something went wrong on our side' } as const

export const answerUnknownRoute: RequestHandler = (_request, response) => {
  sendProblem(response, { status: 404, code: 'no_such_route', title: 'There is nothing here' })
}

/** Body-parser's error types that are the client's fault. */
export const BODY_PROBLEMS: Record<string, Problem> = {
  'entity.parse.failed': { status: 400, code: 'malformed_json', title: 'The body is not valid JSON' },
  'entity.too.large': { status: 413, code: 'too_large', title: 'The body is larger than it may be here' },
  'encoding.unsupported': { status: 415, code: 'unsupported_encoding', title: 'The content encoding is not supported' },
  'charset.unsupported': { status: 415, code: 'unsupported_charset', title: 'The charset is not supported' },
  'request.aborted': { status: 400, code: 'aborted', title: 'The request was aborted' },
  'request.size.invalid': { status: 400, code: 'size_mismatch', title: 'The body has not the announced length' },
}

/** The one place that turns errors into answers: a 5xx hides its inside and carries an id that stands in the log. */
export function createErrorHandler(logger: Logger, metrics: Metrics): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    const expected = describe(error)
    if (expected !== undefined && expected.status < 500) return sendProblem(response, expected)
    const requestId = requestIdOf(request)
    metrics.errors.inc({ error_type: classify(error) })
    // What is expected under overload is told in one line; its stack would only repeat itself.
    if (error instanceof UnavailableError) logger.warn({ requestId, reason: error.message }, 'request refused for now')
    else logger.error({ err: error, requestId }, 'request failed')
    response.set('X-Request-Id', requestId)
    sendProblem(response, expected ?? INTERNAL)
  }
}

/** The one that a proxy of ours gave and logged, where there is a proxy; otherwise it is drawn here. */
function requestIdOf(request: Request): string {
  const given = request.get('X-Request-Id') ?? ''
  return request.app.get('trust proxy') > 0 && /^[\w-]{8,64}$/.test(given) ? given : randomUUID()
}

function describe(error: unknown): Problem | undefined {
  if (error instanceof RequestError) {
    const { status, code, message: title, detail, retryAfterSeconds } = error
    return { status, code, title, detail, retryAfterSeconds }
  }
  if (isUnavailable(error)) {
    const retryAfterSeconds = error instanceof UnavailableError ? error.retryAfterSeconds : 1
    return { ...UNAVAILABLE, retryAfterSeconds }
  }
  const { type, status } = error as { type?: string; status?: number }
  if (type !== undefined && type in BODY_PROBLEMS) return BODY_PROBLEMS[type]
  if (status === 400) return BAD_REQUEST
  return undefined
}

/** Postgres and Redis errors that mean "not now" rather than "a fault of ours". */
function isUnavailable(error: unknown): boolean {
  if (error instanceof UnavailableError) return true
  const { name = '', code, original } = error as { name?: string; code?: string; original?: { code?: string } }
  const cause = code ?? original?.code ?? ''
  if (UNAVAILABLE_STATE.test(cause) || UNREACHABLE.has(cause)) return true
  if (NOT_REACHED.test(name)) return true
  // A statement that broke off on its way has no SQLSTATE; one that Postgres refused is a fault of ours.
  return name === 'SequelizeDatabaseError' && !SQLSTATE.test(cause)
}

/** Names of Sequelize's errors of a Postgres that was never reached. */
const NOT_REACHED = /^Sequelize(Connection|HostNot|AccessDenied|InvalidConnection).*Error$/
const SQLSTATE = /^[0-9A-Z]{5}$/
/** 08 connection, 25006 read only, 40 rollback (deadlock, serialisation), 53 resources, 55 lock, 57 cancelled or shut down. */
const UNAVAILABLE_STATE = /^(25006|(08|40|53|55|57)...)$/
const UNREACHABLE = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
])

function classify(error: unknown): string {
  const { code = '' } = error as { code?: string }
  // What never reached Postgres was counted where it failed.
  if (error instanceof UnavailableError || NOT_REACHED.test((error as Error).name)) return 'unavailable'
  if (/^Sequelize/.test((error as Error).name) || /^[0-9A-Z]{5}$/.test(code)) return 'db_error'
  return 'internal_error'
}
