import { createHash, randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { RequestError, UnavailableError } from '../errors.ts'
import {
  type ClientLimits,
  type Quota,
  type SlidingWindow,
  type Verdict,
  WINDOW_SECONDS,
} from '../limiters/sliding-window.ts'
import type { Breaker } from '../resilience/breaker.ts'
import { clientOf } from './client-of.ts'
import type { Problem } from './problem.ts'

/** A try at a code that is not there or not for this person. */
const NOT_FOUND = 404
/** With a pass that is not good, or without one: each is another try. */
const FORBIDDEN = 403
const ACCEPTED = 202
/** A count that takes longer is not waited for. */
const PATIENCE_MS = 500

const PROBLEMS = {
  too_many_requests: { status: 429, code: 'too_many_requests', title: 'Too many requests from this address' },
  too_many_tries: { status: 429, code: 'too_many_tries', title: 'Too many failed tries from this address' },
} as const

/** What an endpoint that is limited may answer. */
export const LIMIT_REFUSALS: readonly Problem[] = Object.values(PROBLEMS)

export interface IpLimitParts {
  readonly breaker: Breaker
  readonly window: SlidingWindow
  readonly limits: ClientLimits
  /** Called when a request was let through uncounted because Redis could not be asked. */
  readonly onSkipped: () => void
}

/**
 * Refuses with 429 what one client asks too often, before its body is read; counts its failed tries once they are
 * answered. Without Redis everybody is let through: the limits keep people from being a nuisance, and what keeps uses
 * from being given twice stands behind them.
 */
export function createIpLimit({ window, limits, breaker, onSkipped }: IpLimitParts): RequestHandler {
  /**
   * Who does not know which kind of code they hold, as on our own page, asks the one endpoint and then the other: a code that
   * is good at one of them was no failed try, and a wrong one is one try.
   */
  async function noteOutcome(request: Request, response: Response, client: string, hasFailed: boolean): Promise<void> {
    const { statusCode } = response
    if (statusCode === FORBIDDEN) await window.recordFailure(client, randomUUID())
    if (statusCode === NOT_FOUND) await window.recordFailure(client, fingerprintOf(request))
    if (statusCode === ACCEPTED && hasFailed) await window.forgiveFailure(client, fingerprintOf(request))
  }

  const policy = describe(limits, ({ most }) => `q=${most};w=${WINDOW_SECONDS}`)

  return async (request, response, next) => {
    const client = clientOf(request)
    const verdict = await inTime(breaker.run(() => window.check(client))).catch(() => undefined)
    if (verdict === undefined) {
      onSkipped()
      return next()
    }
    const quotas = describe(limits, ({ quota }) => `r=${quota.left};t=${seconds(quota)}`, verdict)
    response.set({ 'RateLimit-Policy': policy, RateLimit: quotas })
    if (verdict.answer !== 'pass') throw refusal(verdict)
    if (limits.failedTries > 0) {
      const hasFailed = verdict.failedTries.left < limits.failedTries
      response.once('finish', () => void noteOutcome(request, response, client, hasFailed).catch(onSkipped))
    }
    next()
  }
}

const seconds = ({ resetMs }: Quota) => Math.ceil(resetMs / 1_000)

function refusal({ answer, requests, failedTries }: Verdict): RequestError {
  const isTries = answer === 'too_many_tries'
  const { status, code, title } = PROBLEMS[isTries ? answer : 'too_many_requests']
  return new RequestError(status, code, title, undefined, seconds(isTries ? failedTries : requests))
}

/** Of what was asked, in few bytes. */
function fingerprintOf({ body }: Request): string {
  return createHash('sha256')
    .update(JSON.stringify(body) ?? '')
    .digest('base64url')
}

const NO_QUOTA: Quota = { left: 0, resetMs: 0 }

/** The limits that are on as a list of structured fields (RFC 9651, draft-ietf-httpapi-ratelimit-headers-11). */
function describe(
  limits: ClientLimits,
  write: (limit: { most: number; quota: Quota }) => string,
  verdict?: Verdict,
): string {
  const all = [
    ['requests', limits.requests, verdict?.requests],
    ['failed-tries', limits.failedTries, verdict?.failedTries],
  ] as const
  return all
    .filter(([, most]) => most > 0)
    .map(([name, most, quota = NO_QUOTA]) => `"${name}";${write({ most, quota })}`)
    .join(', ')
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UnavailableError('Redis did not count in time')), PATIENCE_MS)
  })
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer))
}
