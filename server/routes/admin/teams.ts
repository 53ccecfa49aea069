import { z } from 'zod'
import type { Teams } from '../../admin/teams.ts'
import { defineRoute, type Route } from '../define-route.ts'
import {
  ADMIN_PATH,
  givenTime,
  NO_GROUP,
  NO_TEAM,
  name,
  pageOf,
  pageQuery,
  readProblems,
  seats,
  serial,
  writeProblems,
} from './fields.ts'

const team = z
  .strictObject({
    id: z.int(),
    group_id: z.int(),
    name: z.string(),
    max_seats: z.int(),
    seats_taken: z.int(),
    has_free: z.boolean(),
    created_at: givenTime,
  })
  .meta({ id: 'Team' })

const seat = z
  .strictObject({
    team_id: z.int(),
    seat_no: z.int(),
    redemption_id: z.uuid(),
    email: z.string(),
    joined_at: givenTime,
    valid_until: givenTime.nullable(),
  })
  .meta({ id: 'Seat' })

const params = z.strictObject({ id: serial })
const query = z.strictObject(pageQuery(serial))
const common = { tag: 'Admin: teams', token: 'admin' } as const

export function teamRoutes(teams: Teams): Route[] {
  return [
    defineRoute(
      {
        ...common,
        method: 'post',
        path: `${ADMIN_PATH}/groups/:id/teams`,
        id: 'createTeam',
        summary: 'Make a team in a group',
        params,
        body: z.strictObject({ name, max_seats: seats }).meta({ example: { name: 'Team 1', max_seats: 200 } }),
        answer: { status: 201, description: 'The new team', schema: team },
        problems: writeProblems(NO_GROUP),
      },
      ({ params, body }) => teams.create({ group_id: params.id, ...body }),
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/groups/:id/teams`,
        id: 'listTeams',
        summary: 'Teams of a group, by id',
        params,
        query,
        answer: { status: 200, description: 'A page', schema: pageOf(team) },
        problems: readProblems(NO_GROUP),
      },
      ({ params, query }) => teams.listOfGroup(params.id, query),
    ),
    defineRoute(
      {
        ...common,
        method: 'patch',
        path: `${ADMIN_PATH}/teams/:id`,
        id: 'changeTeam',
        summary: 'Rename a team, or change its seats',
        params,
        body: z
          .strictObject({ name: name.optional(), max_seats: seats.optional() })
          .meta({ example: { max_seats: 300 } }),
        answer: { status: 200, description: 'The team as it is now', schema: team },
        problems: writeProblems(NO_TEAM, { status: 409, code: 'below_seats_taken', title: 'More seats are taken' }),
      },
      ({ params, body }) => teams.change(params.id, body),
    ),
    defineRoute(
      {
        ...common,
        method: 'get',
        path: `${ADMIN_PATH}/teams/:id/seats`,
        id: 'listSeats',
        summary: 'Who sits in a team, by seat number',
        params,
        query,
        answer: { status: 200, description: 'A page', schema: pageOf(seat) },
        problems: readProblems(NO_TEAM),
      },
      ({ params, query }) => teams.listSeats(params.id, query),
    ),
  ]
}
