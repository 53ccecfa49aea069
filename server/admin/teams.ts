import { Op } from 'sequelize'
import type { Database } from '../db/database.ts'
import type { Models } from '../db/models/define-models.ts'
import type { Team } from '../db/models/team.ts'
import type { TeamMember } from '../db/models/team-member.ts'
import { RequestError } from '../errors.ts'
import { type Page, type PageWish, toPage } from './page.ts'
import { violatedConstraint } from './violated-constraint.ts'

export interface TeamChanges {
  readonly name?: string
  readonly max_seats?: number
}

export interface Teams {
  /** @throws RequestError 404 for a group that does not exist */
  create(team: { group_id: number; name: string; max_seats: number }): Promise<Team>
  listOfGroup(groupId: number, wish: PageWish): Promise<Page<Team>>
  /** @throws RequestError 404; 409 when more seats are taken than `max_seats` */
  change(id: number, changes: TeamChanges): Promise<Team>
  /** Who sits where, by seat number. @throws RequestError 404 */
  listSeats(id: number, wish: PageWish): Promise<Page<TeamMember>>
}

const noSuchTeam = () => new RequestError(404, 'team_not_found', 'There is no such team')
const noSuchGroup = () => new RequestError(404, 'group_not_found', 'There is no such group')

/** @param onSeatsChanged called with the group's id after its seats became more or fewer */
export function createTeams(
  db: Database,
  { Group, Team, TeamMember }: Models,
  onSeatsChanged: (groupId: number) => Promise<void>,
): Teams {
  return {
    async create(team) {
      try {
        const created = await Team.create(team, { fields: ['group_id', 'name', 'max_seats'] })
        await onSeatsChanged(created.group_id)
        return created
      } catch (error) {
        throw violatedConstraint(error) === 'teams_group_id_fkey' ? noSuchGroup() : error
      }
    },
    async listOfGroup(groupId, { limit, after = 0 }) {
      if ((await Group.findByPk(groupId)) === null) throw noSuchGroup()
      const where = { group_id: groupId, id: { [Op.gt]: Number(after) } }
      return toPage(await Team.findAll({ where, order: ['id'], limit: limit + 1 }), limit, ({ id }) => id)
    },
    async change(id, changes) {
      const changed = await db.sequelize.transaction(async (transaction) => {
        const team = await Team.findByPk(id, { transaction, lock: transaction.LOCK.NO_KEY_UPDATE })
        if (team === null) throw noSuchTeam()
        refuseTooFew(team, changes)
        // `has_free` is generated: only Postgres knows it.
        return team.update(changes, { transaction, returning: true })
      })
      await onSeatsChanged(changed.group_id)
      return changed
    },
    async listSeats(id, { limit, after = 0 }) {
      if ((await Team.findByPk(id)) === null) throw noSuchTeam()
      const where = { team_id: id, seat_no: { [Op.gt]: Number(after) } }
      const rows = await TeamMember.findAll({ where, order: ['seat_no'], limit: limit + 1 })
      return toPage(rows, limit, ({ seat_no }) => seat_no)
    },
  }
}

function refuseTooFew({ seats_taken }: Team, { max_seats = seats_taken }: TeamChanges): void {
  if (max_seats >= seats_taken) return
  throw new RequestError(409, 'below_seats_taken', 'More seats are taken', `${seats_taken} seats of it are taken`)
}
