import { z } from 'zod'
import type { Statistics } from '../../admin/statistics.ts'
import { defineRoute, type Route } from '../define-route.ts'
import { ADMIN_PATH, givenTime, readProblems } from './fields.ts'

const count = z.int().min(0)
const statistics = z
  .strictObject({
    as_of: givenTime,
    redemptions: z.record(z.string(), count).meta({ description: 'By status', example: { sent: 41, refunded: 1 } }),
    seats: z
      .array(z.strictObject({ group_id: z.int(), name: z.string(), taken: count, available: count }))
      .meta({ description: 'By group, up to 100 of them: those with the fewest free seats first' }),
    codes: z.record(z.string(), z.strictObject({ active: count, inactive: count })).meta({ description: 'By kind' }),
    outbox: z.strictObject({
      pending: count,
      oldest_waiting_seconds: z.number().nullable(),
      bucket_changes_pending: count,
    }),
  })
  .meta({ id: 'Statistics' })

export function statisticsRoutes(count: () => Promise<Statistics>): Route[] {
  return [
    defineRoute(
      {
        tag: 'Admin: statistics',
        token: 'admin',
        method: 'get',
        path: `${ADMIN_PATH}/statistics`,
        id: 'countEverything',
        summary: 'Redemptions, seats, codes and what waits',
        description: 'Counted at most every few seconds; `as_of` says when.',
        answer: { status: 200, description: 'The numbers', schema: statistics },
        problems: readProblems(),
      },
      count,
    ),
  ]
}
