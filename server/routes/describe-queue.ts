import { z } from 'zod'
import { BODY_REFUSALS, FAILURES, INVALID_REQUEST } from '../openapi/common-problems.ts'
import type { RouteDescription } from '../openapi/route-description.ts'
import { enterBody, placeQuery, QUEUE_REFUSALS } from './queue.ts'

const count = z.int().min(0)
const place = z
  .strictObject({
    seq: z.int().min(1).meta({ description: 'Of this person, for ever' }),
    position: z.int().meta({ description: '1 is next, 0 is released' }),
    ahead: count,
    released: count,
    expected_wait_seconds: z.number().nullable().meta({ description: 'null while nobody is released' }),
    pass: z.string().nullable().meta({ description: 'For the header Redline-Pass; null until released' }),
    pass_expires_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Place' })

const TENANT_REFUSALS = [
  { status: 401, code: 'unauthorised', title: 'The token is not valid' },
  { status: 403, code: 'forbidden', title: 'This token is not a tenant’s' },
]
const { activity_not_found, session_not_found, activity_not_open, too_many_enters } = QUEUE_REFUSALS
const common = { tag: 'Waiting room', token: 'tenant?' } as const

export const QUEUE_ROUTES: readonly RouteDescription[] = [
  {
    ...common,
    method: 'post',
    path: '/api/v1/queue/enter',
    id: 'enterQueue',
    summary: 'Get a number; the same person gets the same again',
    body: enterBody.meta({ example: { activity_id: 'f3f1c5f2-5b0a-4d66-8a3b-6c7f6d1f0a11', user_hash: 'ada' } }),
    answer: {
      status: 200,
      description: 'The number',
      schema: z.strictObject({ session_id: z.uuid(), seq: z.int().min(1) }).meta({ id: 'Number' }),
    },
    problems: [
      ...BODY_REFUSALS,
      ...TENANT_REFUSALS,
      activity_not_found,
      activity_not_open,
      too_many_enters,
      ...FAILURES,
    ],
  },
  {
    ...common,
    method: 'get',
    path: '/api/v1/queue/status',
    id: 'findPlace',
    summary: 'The place in line, and the pass of whoever is released',
    query: placeQuery,
    answer: { status: 200, description: 'The place', schema: place },
    problems: [INVALID_REQUEST, ...TENANT_REFUSALS, activity_not_found, session_not_found, ...FAILURES],
  },
]
