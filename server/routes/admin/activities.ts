import { z } from 'zod'
import type { Activities } from '../../admin/activities.ts'
import type { Activity } from '../../db/models/activity.ts'
import { defineRoute, type Route } from '../define-route.ts'
import {
  ADMIN_PATH,
  givenTime,
  NO_ACTIVITY,
  name,
  pageOf,
  pageQuery,
  perSecond,
  readProblems,
  time,
  uuid,
  writeProblems,
} from './fields.ts'

const activity = z
  .strictObject({
    id: z.uuid(),
    tenant: z.string(),
    name: z.string(),
    status: z.enum(['draft', 'open', 'closed']),
    start_at: givenTime.nullable(),
    end_at: givenTime.nullable(),
    release_per_second: z.number(),
    released_before: z.int().meta({ description: 'People released before `opened_at`' }),
    opened_at: givenTime.nullable().meta({ description: 'Since when the present rate releases people' }),
    created_at: givenTime,
    updated_at: givenTime,
  })
  .meta({ id: 'Activity' })

const tenant = z
  .string()
  .regex(/^[\w.-]{1,64}$/, 'expected 1 to 64 letters, digits, ".", "_" or "-"')
  .default('public')
const hours = { start_at: time.nullish(), end_at: time.nullish() }
const params = z.strictObject({ id: uuid })
const common = { tag: 'Admin: activities', token: 'admin' } as const

/** Postgres' bigint comes as text. */
const present = (row: Activity) => {
  const { numbers_reserved: _, ...shown } = row.get()
  return { ...shown, released_before: Number(row.released_before) }
}

export function activityRoutes(activities: Activities): Route[] {
  const turn = (verb: 'open' | 'close', summary: string) =>
    defineRoute(
      {
        ...common,
        method: 'post',
        path: `${ADMIN_PATH}/activities/:id/${verb}`,
        id: `${verb}Activity`,
        summary,
        params,
        answer: { status: 200, description: 'The activity as it is now', schema: activity },
        problems: writeProblems(NO_ACTIVITY),
      },
      async ({ params }) => present(await activities[verb](params.id)),
    )

  return [
    defineRoute(
      {
        ...common,
        method: 'post',
        path: `${ADMIN_PATH}/activities`,
        id: 'createActivity',
        summary: 'Make a waiting room, as a draft',
        body: z
          .strictObject({ tenant, name, ...hours, release_per_second: perSecond })
          .meta({ example: { name: 'Ticket sale', release_per_second: 20 } }),
        answer: { status: 201, description: 'The new activity', schema: activity },
        problems: writeProblems(),
      },
      async ({ body }) => present(await activities.create(body)),
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/activities`,
        id: 'listActivities',
        summary: 'Waiting rooms, by id',
        query: z.strictObject(pageQuery(uuid)),
        answer: { status: 200, description: 'A page', schema: pageOf(activity) },
        problems: readProblems(),
      },
      async ({ query }) => {
        const { items, next } = await activities.list(query)
        return { items: items.map(present), next }
      },
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/activities/:id`,
        id: 'findActivity',
        summary: 'A waiting room',
        params,
        answer: { status: 200, description: 'The activity', schema: activity },
        problems: readProblems(NO_ACTIVITY),
      },
      async ({ params }) => present(await activities.find(params.id)),
    ),
    defineRoute(
      {
        ...common,
        method: 'patch',
        path: `${ADMIN_PATH}/activities/:id`,
        id: 'changeActivity',
        summary: 'Change a waiting room; who was released stays so',
        params,
        body: z
          .strictObject({ name: name.optional(), ...hours, release_per_second: perSecond.optional() })
          .meta({ example: { release_per_second: 50 } }),
        answer: { status: 200, description: 'The activity as it is now', schema: activity },
        problems: writeProblems(NO_ACTIVITY),
      },
      async ({ params, body }) => present(await activities.change(params.id, body)),
    ),
    turn('open', 'Open a waiting room: from now on people are released'),
    turn('close', 'Close a waiting room'),
  ]
}
