import { randomUUID } from 'node:crypto'
import { Op, QueryTypes, type Sequelize, type Transaction } from 'sequelize'
import type { Database } from '../db/database.ts'
import type { Activity } from '../db/models/activity.ts'
import type { Models } from '../db/models/define-models.ts'
import { RequestError } from '../errors.ts'
import { type Page, type PageWish, toPage } from './page.ts'
import { releasedUntil } from './released-until.ts'

export interface NewActivity {
  readonly tenant: string
  readonly name: string
  readonly start_at?: Date | null
  readonly end_at?: Date | null
  readonly release_per_second: number
}
export type ActivityChanges = Partial<Omit<NewActivity, 'tenant'>>

/** The waiting rooms; each change of an open one keeps what was released until then. */
export interface Activities {
  create(activity: NewActivity): Promise<Activity>
  list(wish: PageWish): Promise<Page<Activity>>
  /** @throws RequestError 404 */
  find(id: string): Promise<Activity>
  /** @throws RequestError 404; 400 when it would end before it starts */
  change(id: string, changes: ActivityChanges): Promise<Activity>
  /** Opening an open one changes nothing. @throws RequestError 404 */
  open(id: string): Promise<Activity>
  /** Nobody is released any more; closing it twice changes nothing. @throws RequestError 404 */
  close(id: string): Promise<Activity>
}

/** @param onChanged called with the id after each change, when it is committed */
export function createActivities(
  db: Database,
  { Activity }: Models,
  onChanged: (id: string) => Promise<void>,
): Activities {
  /** Changes a row by what it is and by the clock of Postgres, while nobody else can. */
  async function alter(id: string, changesOf: (activity: Activity, now: Date) => Partial<Activity>): Promise<Activity> {
    const activity = await db.sequelize.transaction(async (transaction) => {
      const found = existing(await Activity.findByPk(id, { transaction, lock: transaction.LOCK.NO_KEY_UPDATE }))
      const now = await readClock(db.sequelize, transaction)
      return found.update({ ...changesOf(found, now), updated_at: now }, { transaction })
    })
    await onChanged(id)
    return activity
  }

  return {
    async create(activity) {
      refuseBackwards(activity)
      const fields = ['id', 'tenant', 'name', 'start_at', 'end_at', 'release_per_second'] as const
      const made = await Activity.create({ id: randomUUID(), ...activity }, { fields: [...fields] })
      await onChanged(made.id)
      return made
    },
    async list({ limit, after }) {
      const where = after === undefined ? {} : { id: { [Op.gt]: String(after) } }
      return toPage(await Activity.findAll({ where, order: ['id'], limit: limit + 1 }), limit, ({ id }) => id)
    },
    find: async (id) => existing(await Activity.findByPk(id)),
    change: (id, changes) =>
      alter(id, (activity, now) => {
        const { start_at, end_at } = activity
        refuseBackwards({ start_at, end_at, ...changes })
        return { ...(activity.status === 'open' && settle(activity, now)), ...changes }
      }),
    open: (id) => alter(id, ({ status }, now) => (status === 'open' ? {} : { status: 'open', opened_at: now })),
    close: (id) =>
      alter(id, (activity, now) => {
        const settled = activity.status === 'open' ? settle(activity, now) : {}
        return { ...settled, status: 'closed', opened_at: null }
      }),
  }
}

/** What was released until now stays released, whatever the rate will be. */
function settle(activity: Activity, now: Date): Partial<Activity> {
  return { released_before: String(releasedUntil(activity, now)), opened_at: now }
}

/** Not the transaction's time: its row may have been waited for. */
async function readClock(sequelize: Sequelize, transaction: Transaction): Promise<Date> {
  const [row] = await sequelize.query<{ now: Date }>('SELECT clock_timestamp() AS now', {
    type: QueryTypes.SELECT,
    transaction,
  })
  return row?.now ?? new Date()
}

function existing(activity: Activity | null): Activity {
  if (activity === null) throw new RequestError(404, 'activity_not_found', 'There is no such activity')
  return activity
}

function refuseBackwards({ start_at = null, end_at = null }: ActivityChanges): void {
  if (start_at === null || end_at === null || end_at > start_at) return
  throw new RequestError(400, 'invalid_request', 'The request is not valid', 'end_at: expected a time after start_at')
}
