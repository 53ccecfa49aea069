import { Op } from 'sequelize'
import type { Models } from '../db/models/define-models.ts'
import type { Group } from '../db/models/group.ts'
import { RequestError } from '../errors.ts'
import type { SeatCalculator } from '../redeem/seats.ts'
import { type Page, type PageWish, toPage } from './page.ts'
import { violatedConstraint } from './violated-constraint.ts'

export interface Groups {
  /**
   * @param memberDays how long its memberships last; null: for ever
   * @throws RequestError 409 for a name that is taken
   */
  create(name: string, memberDays: number | null): Promise<Group>
  list(wish: PageWish): Promise<Page<Group>>
  /** @throws RequestError 404 */
  find(id: number): Promise<Group>
  /** Free seats, at most 30 s old. @throws RequestError 404 */
  countSeats(id: number): Promise<{ group_id: number; available: number }>
}

export function createGroups({ Group }: Models, seats: SeatCalculator): Groups {
  async function find(id: number): Promise<Group> {
    const group = await Group.findByPk(id)
    if (group === null) throw new RequestError(404, 'group_not_found', 'There is no such group')
    return group
  }

  return {
    find,
    async create(name, memberDays) {
      try {
        return await Group.create({ name, member_days: memberDays }, { fields: ['name', 'member_days'] })
      } catch (error) {
        if (violatedConstraint(error) !== 'groups_name_key') throw error
        throw new RequestError(409, 'name_taken', 'There is a group of this name already')
      }
    },
    async list({ limit, after = 0 }) {
      const where = { id: { [Op.gt]: Number(after) } }
      return toPage(await Group.findAll({ where, order: ['id'], limit: limit + 1 }), limit, ({ id }) => id)
    },
    async countSeats(id) {
      await find(id)
      return { group_id: id, available: await seats.available(id) }
    },
  }
}
