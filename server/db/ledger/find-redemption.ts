import type { Connection, Statement } from '../database.ts'

export interface RedemptionStatus {
  readonly id: string
  readonly status: string
  readonly acceptedAt: Date
  readonly sentAt: Date | null
  readonly refundReason: string | null
}

const STATUS = `
SELECT id, status, accepted_at AS "acceptedAt", sent_at AS "sentAt", refund_reason AS "refundReason" FROM redemptions`

const FIND: Statement = { name: 'find-redemption', text: `${STATUS} WHERE id = $1` }
const FIND_MANY: Statement = { name: 'find-redemptions', text: `${STATUS} WHERE id = ANY($1::uuid[])` }

export async function findRedemption(connection: Connection, id: string): Promise<RedemptionStatus | undefined> {
  const [row] = await connection.query<RedemptionStatus>(FIND, [id])
  return row
}

/** In no order; those that Postgres does not have are missing. */
export function findRedemptions(connection: Connection, ids: readonly string[]): Promise<RedemptionStatus[]> {
  return connection.query<RedemptionStatus>(FIND_MANY, [ids])
}
