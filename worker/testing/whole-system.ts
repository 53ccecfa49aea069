import type { TestStores } from '../../server/testing/test-stores.ts'
import { createTestSystem, post } from './test-system.ts'

export interface RedeemAnswer {
  readonly status: number
  readonly id: string
}

/** Scheduler, worker and server over the stores of a test, with people who redeem; they end with the test. */
export interface WholeSystem {
  readonly schedulerUrl: string
  redeem(code: string, email: string): Promise<RedeemAnswer>
  /** One after the other; asks again while the answer is 503, as a person would. @returns ids of those accepted */
  redeemAll(code: string, emails: readonly string[]): Promise<string[]>
  countByStatus(code: string): Promise<Record<string, number>>
  countUsed(code: string): Promise<number>
}

/** Sentinels that were held up trust nothing that they see for half a minute. */
const PATIENCE_MS = 75_000

export async function startWholeSystem(stores: TestStores, smtpUrl: string): Promise<WholeSystem> {
  const system = createTestSystem(stores, { SMTP_URL: smtpUrl, REQUEST_DEADLINE_MS: '2000' })
  const scheduler = await system.startScheduler()
  await system.startWorker()
  const server = await system.startServer()

  async function redeem(code: string, email: string): Promise<RedeemAnswer> {
    const { status, body } = await post(server.url, 'direct-redeem', { email, code })
    return { status, id: String(body['redemption_id'] ?? '') }
  }

  return {
    schedulerUrl: scheduler.opsUrl,
    redeem,
    async redeemAll(code, emails) {
      const giveUpAt = Date.now() + PATIENCE_MS
      const accepted: string[] = []
      for (const email of emails) {
        let answer = await redeem(code, email)
        while (answer.status === 503 && Date.now() < giveUpAt) answer = await redeem(code, email)
        if (answer.status === 202) accepted.push(answer.id)
        else if (answer.status !== 409) throw new Error(`${answer.status} for a redemption`)
      }
      return accepted
    },
    countByStatus: system.countByStatus,
    async countUsed(code) {
      const rows = await stores.sql<{ used: number }>('SELECT used_count AS used FROM redeem_codes WHERE code = $1', [
        code,
      ])
      return rows[0]?.used ?? -1
    },
  }
}
