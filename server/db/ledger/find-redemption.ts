import type { Connection, Statement } from '../database.ts'

export interface RedemptionStatus {
  readonly id: string
  readonly status: string
  readonly acceptedAt: Date
  readonly sentAt: Date | null
  readonly refundReason: string | null
}

const FIND: Statement = {
  name: 'find-redemption',
  text: `
SELECT id, status, accepted_at AS "acceptedAt", sent_at AS "sentAt", refund_reason AS "refundReason"
FROM redemptions WHERE id = $1`,
}

export async function findRedemption(connection: Connection, id: string): Promise<RedemptionStatus | undefined> {
  const [row] = await connection.query<RedemptionStatus>(FIND, [id])
  return row
}
