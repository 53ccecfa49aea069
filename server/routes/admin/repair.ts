import { z } from 'zod'
import { RequestError } from '../../errors.ts'
import { CODE_KINDS } from '../../limiters/limiter.ts'
import type { CodeInspection } from '../../redeem/describe-code.ts'
import type { CodeRepair, Repair } from '../../redeem/repair.ts'
import { defineRoute, type Route } from '../define-route.ts'
import { ADMIN_PATH, code, givenTime, NO_CODE, readProblems, writeProblems } from './fields.ts'

const count = z.int().min(0)
const inspection = z
  .strictObject({
    code: z.string(),
    kind: z.enum(CODE_KINDS),
    is_active: z.boolean(),
    valid_until: givenTime.nullable(),
    bound_to: z.string().nullable().meta({ description: 'Never the whole address' }),
    max_uses: count,
    ledger: z.strictObject({
      used_count: count,
      derived_count: count.meta({ description: 'What `used_count` should be by the rows' }),
      by_status: z.record(z.string(), count),
      in_flight: count,
      sent: count,
    }),
    bucket: z
      .strictObject({ uses_left: z.int(), holders: count, uncommitted: count })
      .nullable()
      .meta({ description: 'null where there is no valid one' }),
    differences: z.array(
      z.strictObject({
        part: z.enum(['used_count', 'bucket']),
        size: z.int(),
        text: z.string(),
        action: z.string().meta({ description: 'What mends it' }),
      }),
    ),
    note: z.string().nullable(),
  })
  .meta({ id: 'CodeInspection' })
const repaired = z
  .strictObject({
    dry_run: z.boolean(),
    actions: z.array(z.string()).meta({ description: 'What was done, or would be' }),
    inspection: inspection.meta({ description: 'As it was before' }),
  })
  .meta({ id: 'CodeRepair' })

const common = { tag: 'Admin: codes', token: 'admin', path: `${ADMIN_PATH}/codes/:code/repair` } as const
const params = z.strictObject({ code })
const body = z.strictObject({ dry_run: z.boolean().default(true) }).meta({ id: 'Repair' })

export function repairRoutes(repair: Repair): Route[] {
  return [
    defineRoute(
      {
        ...common,
        params,
        method: 'get',
        id: 'inspectCode',
        summary: 'What ledger and bucket say of a code',
        answer: { status: 200, description: 'Both views and how they differ', schema: inspection },
        problems: readProblems(NO_CODE),
      },
      async ({ params }) => present(existing(await repair.inspect(params.code))),
    ),
    defineRoute(
      {
        ...common,
        params,
        body,
        method: 'post',
        id: 'repairCode',
        summary: 'Mend what differs between ledger and bucket',
        description: 'A dry run unless `dry_run` is false. Repeating it does no harm.',
        answer: { status: 200, description: 'What was done, or would be', schema: repaired },
        problems: writeProblems(NO_CODE),
      },
      async ({ params, body }) => presentRepair(existing(await repair.repair(params.code, { dryRun: body.dry_run }))),
    ),
  ]
}

function existing<Found>(found: Found | undefined): Found {
  if (found === undefined) throw new RequestError(NO_CODE.status, NO_CODE.code, NO_CODE.title)
  return found
}

const presentRepair = ({ dryRun, actions, inspection }: CodeRepair) => ({
  dry_run: dryRun,
  actions,
  inspection: present(inspection),
})

function present({ isActive, validUntil, boundTo, maxUses, ledger, bucket, ...same }: CodeInspection) {
  const { usedCount, derivedCount, byStatus, inFlight, sent } = ledger
  return {
    ...same,
    is_active: isActive,
    valid_until: validUntil,
    bound_to: boundTo,
    max_uses: maxUses,
    ledger: { used_count: usedCount, derived_count: derivedCount, by_status: byStatus, in_flight: inFlight, sent },
    bucket: bucket && { uses_left: bucket.usesLeft, holders: bucket.holders, uncommitted: bucket.uncommitted },
  }
}
