import type { Request, Response, Router } from 'express'
import { z } from 'zod'
import type { Metrics } from '../metrics/metrics.ts'
import { clientOf } from '../middleware/client-of.ts'
import { createDeadline } from '../middleware/deadline.ts'
import { type Problem, sendProblem } from '../middleware/problem.ts'
import { sendJson } from '../middleware/send-json.ts'
import type { ReadTenant } from '../waiting-room/tenant.ts'
import type { EnterRefusal, FindPlaceAnswer, PlaceInLine, WaitingRoom } from '../waiting-room/waiting-room.ts'
import { parseBody, parseQuery } from './parse-body.ts'
import { PLAIN_TEXT } from './plain-text.ts'

const id = z.uuid().toLowerCase()

export const enterBody = z.strictObject({
  activity_id: id,
  user_hash: z
    .string()
    .min(1)
    .max(64)
    .regex(...PLAIN_TEXT),
  fingerprint: z
    .string()
    .min(1)
    .max(128)
    .regex(...PLAIN_TEXT)
    .optional(),
})

export const placeQuery = z.strictObject({ activity_id: id, session_id: id })

/** What each refusal says; 404 is the same for activities that are unknown and those of another tenant. */
export const QUEUE_REFUSALS: Record<EnterRefusal | 'session_not_found', Problem> = {
  activity_not_found: { status: 404, code: 'activity_not_found', title: 'There is no such activity' },
  session_not_found: { status: 404, code: 'session_not_found', title: 'Nobody of this session waits here' },
  activity_not_open: { status: 409, code: 'activity_not_open', title: 'This activity is not open' },
  too_many_enters: { status: 429, code: 'too_many_enters', title: 'Too many people enter from this address' },
}

export interface QueueRouteParts {
  readonly waitingRoom: WaitingRoom
  readonly readTenant: ReadTenant
  readonly hashAddress: (address: string) => string
  readonly metrics: Metrics
  readonly deadlineMs: number
}

/** Adds `POST /enter` and `GET /status`. Every answer is counted, also those that never came to the use case. */
export function addQueueRoutes(router: Router, parts: QueueRouteParts): void {
  const { waitingRoom, readTenant, hashAddress, metrics, deadlineMs } = parts
  const tenantOf = (request: Request) => readTenant(request.headers.authorization)

  addCounted(router, metrics, 'enter')
  router.post('/enter', async (request, response) => {
    const { activity_id: activityId, user_hash: userHash, fingerprint } = parseBody(enterBody, request)
    const room = { tenant: await tenantOf(request), activityId }
    const wish = { room, userHash, fingerprint, ipHash: hashAddress(clientOf(request)) }
    const deadline = createDeadline(response, deadlineMs)
    const answer = await waitingRoom.enter(wish, deadline).finally(deadline.clear)
    if (answer.outcome === 'denied') return refuse(response, answer)
    if (answer.isNew) metrics.roomEntered.inc()
    sendJson(response, 200, { session_id: answer.sessionId, seq: answer.seq })
  })

  addCounted(router, metrics, 'status')
  router.get('/status', async (request, response) => {
    const { activity_id: activityId, session_id: sessionId } = parseQuery(placeQuery, request)
    const room = { tenant: await tenantOf(request), activityId }
    const deadline = createDeadline(response, deadlineMs)
    const answer = await waitingRoom.findPlace(room, sessionId, deadline).finally(deadline.clear)
    if (answer.outcome === 'denied') return refuse(response, answer)
    response.set('Cache-Control', 'no-store')
    sendJson(response, 200, present(answer))
  })
}

/** Counts and times the answers of one path. */
function addCounted(router: Router, metrics: Metrics, endpoint: 'enter' | 'status'): void {
  router.use(`/${endpoint}`, (_request, response, next) => {
    const stop = metrics.roomDuration.startTimer({ endpoint })
    response.once('finish', () => {
      stop()
      metrics.roomRequests.inc({ endpoint, status: String(response.statusCode) })
    })
    next()
  })
}

type Refusal = Extract<FindPlaceAnswer, { outcome: 'denied' }> | { reason: EnterRefusal; retryAfterSeconds?: number }

function refuse(response: Response, refusal: Refusal): void {
  const problem = QUEUE_REFUSALS[refusal.reason]
  const wait = 'retryAfterSeconds' in refusal ? { retryAfterSeconds: refusal.retryAfterSeconds } : {}
  sendProblem(response, { ...problem, ...wait })
}

function present({ seq, position, ahead, released, expectedWaitSeconds, pass }: PlaceInLine) {
  return {
    seq,
    position,
    ahead,
    released,
    expected_wait_seconds: expectedWaitSeconds,
    pass: pass?.token ?? null,
    pass_expires_at: pass?.expiresAt.toISOString() ?? null,
  }
}
