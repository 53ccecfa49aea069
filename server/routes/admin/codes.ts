import { z } from 'zod'
import type { Codes } from '../../admin/codes.ts'
import type { CreateCodes } from '../../admin/create-codes.ts'
import { CODE_KINDS } from '../../limiters/limiter.ts'
import { defineRoute, type Route } from '../define-route.ts'
import {
  ADMIN_PATH,
  code,
  givenTime,
  integer,
  NO_ACTIVITY,
  NO_CODE,
  NO_GROUP,
  pageOf,
  pageQuery,
  perSecond,
  readProblems,
  serial,
  time,
  uuid,
  wholeUses,
  writeProblems,
} from './fields.ts'

const MAX_BATCH = 10_000
const kind = z.enum(CODE_KINDS)

const newCodes = z
  .strictObject({
    group_id: integer,
    count: z.int().min(1).max(MAX_BATCH).default(1),
    kind: kind.default('shared'),
    max_uses: wholeUses.default(1),
    valid_until: time.nullish(),
    refill_per_second: perSecond.nullish(),
    activity_id: uuid.nullish(),
  })
  .refine(({ kind, max_uses }) => kind === 'shared' || max_uses <= 1, {
    path: ['max_uses'],
    error: 'expected at most 1 for personal codes',
  })
  .meta({ example: { group_id: 1, count: 3, max_uses: 100, valid_until: '2030-01-31T12:00:00+08:00' } })

const changes = z
  .strictObject({ is_active: z.boolean().optional(), valid_until: time.nullish(), max_uses: wholeUses.optional() })
  .meta({ example: { is_active: false } })

const codeAnswer = z
  .strictObject({
    code,
    group_id: z.int(),
    kind,
    max_uses: z.int(),
    used_count: z.int(),
    is_active: z.boolean(),
    valid_until: givenTime.nullable(),
    refill_per_second: z.number().nullable(),
    bound_email: z.string().nullable(),
    activated_at: givenTime.nullable(),
    created_at: givenTime,
    activity_id: z.uuid().nullable(),
  })
  .meta({ id: 'Code' })

const filter = z.strictObject({
  ...pageQuery(code),
  group_id: serial.optional(),
  kind: kind.optional(),
  active: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .optional()
    .meta({ enum: ['true', 'false'] }),
})
const params = z.strictObject({ code })
const common = { tag: 'Admin: codes', token: 'admin' } as const

export function codeRoutes(createCodes: CreateCodes, codes: Codes): Route[] {
  return [
    defineRoute(
      {
        ...common,
        method: 'post',
        path: `${ADMIN_PATH}/codes`,
        id: 'createCodes',
        summary: 'Make a batch of codes',
        description: 'All of them or none. Each has 80 random bits.',
        body: newCodes,
        answer: { status: 201, description: 'The new codes', schema: z.strictObject({ codes: z.array(code) }) },
        problems: writeProblems(NO_GROUP, NO_ACTIVITY),
      },
      async ({ body }) => ({ codes: await createCodes(body) }),
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/codes`,
        id: 'listCodes',
        summary: 'Codes, in their own order',
        query: filter,
        answer: { status: 200, description: 'A page', schema: pageOf(codeAnswer) },
        problems: readProblems(),
      },
      ({ query }) => codes.list(query),
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/codes/:code`,
        id: 'findCode',
        summary: 'A code',
        params,
        answer: { status: 200, description: 'The code', schema: codeAnswer },
        problems: readProblems(NO_CODE),
      },
      ({ params }) => codes.find(params.code),
    ),
    defineRoute(
      {
        ...common,
        method: 'patch',
        path: `${ADMIN_PATH}/codes/:code`,
        id: 'changeCode',
        summary: 'Change or deactivate a code',
        description: 'Its bucket follows within a moment.',
        params,
        body: changes,
        answer: { status: 200, description: 'The code as it is now', schema: codeAnswer },
        problems: writeProblems(
          NO_CODE,
          { status: 409, code: 'below_used_count', title: 'More uses are taken' },
          { status: 409, code: 'personal_code', title: 'A personal code has one use at most' },
        ),
      },
      ({ params, body }) => codes.change(params.code, body),
    ),
  ]
}
