import { createBullBoard } from '@bull-board/api'
import { BullAdapter } from '@bull-board/api/bullAdapter'
import type { IServerAdapter } from '@bull-board/api/typings/app'
import { ExpressAdapter } from '@bull-board/express'
import type { Queue } from 'bull'
import { type RequestHandler, Router } from 'express'
import { createBasicAuth } from '../middleware/basic-auth.ts'
import { sendProblem } from '../middleware/problem.ts'

const PATH = '/board'
const USER = 'admin'

/** The board's own scripts and nothing from elsewhere; it sets styles on its elements, which needs 'unsafe-inline'. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface BoardParts {
  readonly queues: readonly Queue[]
  readonly password: string
  /** Whether jobs may be retried, removed and so on. */
  readonly isWritable: boolean
}

/** For the operations port: the Bull board at `/board`, for the user `admin`. */
export function createBoard({ queues, password, isWritable }: BoardParts): Router {
  const board = new ExpressAdapter().setBasePath(PATH)
  createBullBoard({
    queues: queues.map((queue) => new BullAdapter(queue, { readOnlyMode: !isWritable })),
    // The adapter's package may bring the types of another patch release, whose private parts are not the same.
    serverAdapter: board as unknown as IServerAdapter,
    options: { uiConfig: { boardTitle: 'Redline', hideDocsLink: true, showWorkers: false } },
  })
  const harden: RequestHandler = (_request, response, next) => {
    response.set({
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
    })
    next()
  }
  const guard = isWritable ? refuseForeignSites : refuseActions
  return Router().use(PATH, harden, createBasicAuth(USER, password), guard, board.getRouter())
}

const isReading = (method: string) => method === 'GET' || method === 'HEAD'

/** Read-only for every action, also those that the board does not ask its queues about. */
const refuseActions: RequestHandler = (request, response, next) => {
  if (isReading(request.method)) return next()
  const detail = 'BOARD_WRITABLE=true allows actions'
  sendProblem(response, { status: 405, code: 'read_only', title: 'The board is read-only', detail })
}

/** A browser sends the password along with whatever another site makes it ask. */
const refuseForeignSites: RequestHandler = (request, response, next) => {
  const site = request.headers['sec-fetch-site'] ?? 'same-origin'
  if (isReading(request.method) || site === 'same-origin') return next()
  sendProblem(response, { status: 403, code: 'foreign_site', title: 'Actions come from the board itself' })
}
