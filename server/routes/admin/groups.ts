import { z } from 'zod'
import type { Groups } from '../../admin/groups.ts'
import { defineRoute, type Route } from '../define-route.ts'
import {
  ADMIN_PATH,
  givenTime,
  NO_GROUP,
  name,
  pageOf,
  pageQuery,
  readProblems,
  serial,
  writeProblems,
} from './fields.ts'

const MAX_DAYS = 36_500

const group = z
  .strictObject({ id: z.int(), name: z.string(), member_days: z.int().nullable(), created_at: givenTime })
  .meta({ id: 'Group' })
const newGroup = z
  .strictObject({
    name,
    member_days: z.int().min(1).max(MAX_DAYS).nullable().default(null).meta({
      description: 'How many days after the seat was given a membership ends; null: never',
    }),
  })
  .meta({ example: { name: 'Spring campaign' } })
const freeSeats = z.strictObject({ group_id: z.int(), available: z.int().min(0) }).meta({ id: 'FreeSeats' })
const common = { tag: 'Admin: groups', token: 'admin' } as const

export function groupRoutes(groups: Groups): Route[] {
  return [
    defineRoute(
      {
        ...common,
        method: 'post',
        path: `${ADMIN_PATH}/groups`,
        id: 'createGroup',
        summary: 'Make a group',
        body: newGroup,
        answer: { status: 201, description: 'The new group', schema: group },
        problems: writeProblems({ status: 409, code: 'name_taken', title: 'There is a group of this name already' }),
      },
      ({ body }) => groups.create(body.name, body.member_days),
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/groups`,
        id: 'listGroups',
        summary: 'Groups, by id',
        query: z.strictObject(pageQuery(serial)),
        answer: { status: 200, description: 'A page', schema: pageOf(group) },
        problems: readProblems(),
      },
      ({ query }) => groups.list(query),
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/groups/:id`,
        id: 'findGroup',
        summary: 'A group',
        params: z.strictObject({ id: serial }),
        answer: { status: 200, description: 'The group', schema: group },
        problems: readProblems(NO_GROUP),
      },
      ({ params }) => groups.find(params.id),
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/groups/:id/seats`,
        id: 'countGroupSeats',
        summary: 'Free seats of a group',
        description: 'Of all its teams together; at most 30 s old, and anew after each change.',
        params: z.strictObject({ id: serial }),
        answer: { status: 200, description: 'How many', schema: freeSeats },
        problems: readProblems(NO_GROUP),
      },
      ({ params }) => groups.countSeats(params.id),
    ),
  ]
}
