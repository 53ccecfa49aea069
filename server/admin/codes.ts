import { Op } from 'sequelize'
import type { Database } from '../db/database.ts'
import type { Models } from '../db/models/define-models.ts'
import type { RedeemCode } from '../db/models/redeem-code.ts'
import { RequestError } from '../errors.ts'
import type { CodeKind } from '../limiters/limiter.ts'
import { type Page, type PageWish, toPage } from './page.ts'

export interface CodeFilter extends PageWish {
  readonly group_id?: number | undefined
  readonly kind?: CodeKind | undefined
  readonly active?: boolean | undefined
}

export interface CodeChanges {
  readonly is_active?: boolean
  readonly valid_until?: Date | null
  readonly max_uses?: number
}

/** What administrators do with codes that exist. */
export interface Codes {
  list(filter: CodeFilter): Promise<Page<RedeemCode>>
  /** @throws RequestError 404 */
  find(code: string): Promise<RedeemCode>
  /**
   * Changes a code; its bucket learns of it by the outbox.
   * @throws RequestError 404; 409 when more uses are taken than `max_uses`, or a personal code would get a second one
   */
  change(code: string, changes: CodeChanges): Promise<RedeemCode>
}

export function createCodes(db: Database, { RedeemCode, BucketOutboxEntry }: Models): Codes {
  return {
    async list({ limit, after, group_id, kind, active }) {
      const where = {
        ...(after !== undefined && { code: { [Op.gt]: String(after) } }),
        ...(group_id !== undefined && { group_id }),
        ...(kind !== undefined && { kind }),
        ...(active !== undefined && { is_active: active }),
      }
      return toPage(await RedeemCode.findAll({ where, order: ['code'], limit: limit + 1 }), limit, ({ code }) => code)
    },
    async find(code) {
      return existing(await RedeemCode.findByPk(code))
    },
    change: (code, changes) =>
      db.sequelize.transaction(async (transaction) => {
        const lock = transaction.LOCK.NO_KEY_UPDATE
        const found = existing(await RedeemCode.findByPk(code, { transaction, lock }))
        refuseImpossible(found, changes)
        await found.update(changes, { transaction })
        await BucketOutboxEntry.create({ code }, { transaction, fields: ['code'] })
        return found
      }),
  }
}

function existing(code: RedeemCode | null): RedeemCode {
  if (code === null) throw new RequestError(404, 'code_not_found', 'There is no such code')
  return code
}

function refuseImpossible({ kind, used_count }: RedeemCode, { max_uses }: CodeChanges): void {
  if (max_uses === undefined) return
  if (max_uses < used_count)
    throw new RequestError(409, 'below_used_count', 'More uses are taken', `${used_count} uses of this code are taken`)
  if (kind === 'personal' && max_uses > 1)
    throw new RequestError(409, 'personal_code', 'A personal code has one use at most')
}
