import type pg from 'pg'
import type { ClientAnswer, Evidence, RedemptionRow, SeenMail } from '../analysis/evidence.ts'
import { readAnswers } from '../drivers/answers-file.ts'
import { readBuckets, readLiveJobs } from './drain.ts'

/** Where the traces of a system at rest are found; what is missing is not examined. */
export interface EvidenceSources {
  readonly client: pg.Client
  readonly answersFiles: readonly string[]
  readonly readMails: (() => Promise<SeenMail[]>) | null
  /** Since when that list is kept, by the machine's clock (ms since 1970); null when it is known to be whole. */
  readonly mailsSinceMs: number | null
  /** Operations port of a server in a mode with buckets. */
  readonly bucketsUrl: string | null
  /** Operations port of a scheduler. */
  readonly schedulerUrl: string | null
}

/** What only who ran the load knows. */
export type Circumstances = Pick<Evidence, 'occupancy' | 'drained' | 'kills' | 'everyCodeHasBucket' | 'rooms'>

export async function collectEvidence(sources: EvidenceSources, circumstances: Circumstances): Promise<Evidence> {
  const { client, bucketsUrl, schedulerUrl } = sources
  const select = async <Row extends object>(text: string) => (await client.query<Row>(text)).rows
  const codes = await select<Evidence['codes'][number]>('SELECT code, max_uses, used_count FROM redeem_codes')
  return {
    ...circumstances,
    answers: await readAll(sources.answersFiles),
    mails: sources.readMails === null ? null : await sources.readMails(),
    sentBeforeSink: await listSentBefore(client, sources.mailsSinceMs),
    redemptions: await select<RedemptionRow>('SELECT id, code, email, status FROM redemptions'),
    members: await select<Evidence['members'][number]>('SELECT team_id, seat_no, redemption_id FROM team_members'),
    teams: await select<Evidence['teams'][number]>(
      'SELECT id, max_seats, seats_taken FROM teams WHERE seats_taken > 0 OR id IN (SELECT team_id FROM team_members)',
    ),
    codes,
    buckets:
      bucketsUrl === null || codes.length === 0
        ? null
        : await readBuckets(
            bucketsUrl,
            codes.map(({ code }) => code),
          ),
    pendingOutbox: ids(await select(`SELECT redemption_id AS id FROM outbox WHERE status = 'pending'`)),
    rebinds: ids(await select('SELECT id FROM rebinds')),
    liveJobs: schedulerUrl === null ? null : await readLiveJobs(schedulerUrl),
    refunds: ids(await select(`SELECT redemption_id AS id FROM invite_records WHERE status = 'refunded'`)),
    invites: ids(await select(`SELECT redemption_id AS id FROM invite_records WHERE status = 'sent'`)),
  }
}

async function listSentBefore(client: pg.Client, timeMs: number | null): Promise<string[]> {
  if (timeMs === null) return []
  const text = `SELECT id FROM redemptions WHERE status = 'sent' AND sent_at < to_timestamp($1::float8 / 1000)`
  return ids((await client.query<{ id: string }>(text, [timeMs])).rows)
}

function ids(rows: { id: string }[]): string[] {
  return rows.map(({ id }) => id)
}

async function readAll(files: readonly string[]): Promise<ClientAnswer[]> {
  const answers: ClientAnswer[] = []
  for (const file of files) {
    for await (const { outcome, redemption_id, email, code } of readAnswers(file))
      answers.push({ outcome, redemption_id, email, code })
  }
  return answers
}
