import type { Connection, Database, Statement } from '../db/database.ts'
import { claimInvites } from '../db/ledger/claim-invites.ts'
import { commitAccepted, commitRefused } from '../db/ledger/commit-accepted.ts'
import { findBucketContents, listActiveCodes } from '../db/ledger/find-bucket-contents.ts'
import { findRedemption, findRedemptions } from '../db/ledger/find-redemption.ts'
import { rebind } from '../db/ledger/rebind.ts'
import {
  claimRebind,
  isRebindOpen,
  listQuietRebinds,
  markRebindSent,
  requeueRebinds,
} from '../db/ledger/rebind-mail.ts'
import { beginRefund, findRefundUnderWay, finishRefund } from '../db/ledger/refund.ts'
import { countPending, markRelayed, takePending } from '../db/ledger/relay-outbox.ts'
import { flagUnknownOutcome, markSent, releaseClaim } from '../db/ledger/settle-invites.ts'
import { countAsSent, listQuiet, markSeen, requeue } from '../db/ledger/sweep.ts'
import { countFreeSeats, listGroupSeats } from '../db/seat-stats.ts'
import type { CodeKind } from '../limiters/limiter.ts'
import { createUseLedger } from '../redeem/reserve-use.ts'

/** Values that a filled database knows (`fill-ledger.ts`). */
export interface Sample {
  /** Redemption ids by status, the latest first. */
  readonly ids: Readonly<Record<string, readonly string[]>>
  readonly rebindIds: readonly string[]
  readonly sharedCode: string
  /** Not taken yet. */
  readonly freeCodes: readonly string[]
  /** Somebody who holds a use of a shared code. */
  readonly holder: { readonly code: string; readonly email: string; readonly teamId: number; readonly groupId: number }
  readonly activityId: string
  readonly userHash: string
}

/** What the system asks Postgres again and again, in the words of the code that asks it. */
export interface HotQuery {
  readonly name: string
  /** Rows that a statement must look through by what it asks for, such as a team's seats for the lowest free one. */
  readonly looksThrough?: number
  readonly run: (db: Database, sample: Sample) => Promise<unknown>
}

const SAMPLE: Statement = {
  name: 'sample',
  text: `
SELECT (SELECT json_object_agg(status, ids) FROM (
          SELECT status, (array_agg(id ORDER BY accepted_at DESC))[1:500] AS ids FROM redemptions GROUP BY status) s) AS ids,
       (SELECT array_agg(id) FROM rebinds WHERE status = 'pending') AS "rebindIds",
       (SELECT min(code) FROM redeem_codes WHERE kind = 'shared') AS "sharedCode",
       (SELECT array_agg(code) FROM (SELECT code FROM redeem_codes WHERE kind = 'personal' AND is_active
          AND used_count = 0 AND valid_until IS NULL ORDER BY md5(code) LIMIT 100) c) AS "freeCodes",
       (SELECT json_build_object('code', code, 'email', email, 'teamId', team_id, 'groupId', group_id)
        FROM redemptions JOIN redeem_codes USING (code)
        WHERE status = 'sent' AND kind = 'shared' AND is_active ORDER BY id LIMIT 1) AS holder,
       a.activity_id AS "activityId", a.user_hash AS "userHash"
FROM (SELECT activity_id, user_hash FROM queue_claims ORDER BY session_id LIMIT 1) a`,
}

export async function readSample(db: Connection): Promise<Sample> {
  const [sample] = await db.query<Sample>(SAMPLE, [])
  if (sample === undefined) throw new Error('The database is empty')
  return sample
}

const TOKEN = '00000000-0000-4000-8000-000000000000'
const PAGE = 51
/** As many jobs as a worker takes at a time. */
const BATCH = 20
/** Of which so many are tried again, with the seat that they have. */
const FAILED = 3
const SEATS_OF_A_TEAM = 120
const batch = (ids: readonly string[] | undefined) => ids?.slice(0, BATCH) ?? []
const first = (ids: readonly string[] | undefined) => ids?.[0] ?? ''
const newId = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const fresh = (codes: readonly string[]) =>
  codes.map((code, n) => ({ id: newId(n), code, email: `new${n}@example.test`, acceptedAt: new Date() }))
const reserve = (db: Database, code: string, email: string, kind: CodeKind) =>
  createUseLedger(db, 900).reserveUse({ redemptionId: newId(1), code, email, kind })
/** A list of the admin API, page by page; the text is what Sequelize makes of it. */
const page = (name: string, text: string, values: (sample: Sample) => unknown[]): HotQuery => ({
  name,
  run: (db, sample) => db.query({ name, text: `SELECT * FROM ${text} LIMIT ${PAGE}` }, values(sample)),
})

/** Of a person's request: the server prepares these once per connection, and Postgres may keep one plan for all values. */
export const REQUEST_QUERIES: readonly HotQuery[] = [
  { name: 'redeem a shared code', run: (db, s) => reserve(db, s.sharedCode, 'new@example.test', 'shared') },
  { name: 'redeem a personal code', run: (db, s) => reserve(db, first(s.freeCodes), 'new@example.test', 'personal') },
  { name: 'redeem again', run: (db, s) => reserve(db, s.holder.code, s.holder.email, 'shared') },
  { name: 'a status', run: (db, s) => findRedemption(db, first(s.ids['sent'])) },
  { name: 'statuses that people watch', run: (db, s) => findRedemptions(db, s.ids['sent'] ?? []) },
  {
    name: 'move to another team',
    looksThrough: SEATS_OF_A_TEAM,
    run: (db, s) => rebind(db, { rebindId: newId(1), ...s.holder }),
  },
  { name: 'rebuild a bucket', run: (db, s) => findBucketContents(db, [s.sharedCode]) },
  { name: 'rebuild many buckets', run: (db, s) => findBucketContents(db, s.freeCodes) },
  { name: 'load the codes', run: (db) => listActiveCodes(db, 'P', 500) },
  { name: 'free seats of a group', run: (db, s) => countFreeSeats(db, s.holder.groupId) },
  { name: 'free seats of all groups', run: (db) => listGroupSeats(db) },
]

const LEDGER: readonly HotQuery[] = [
  { name: 'commit a batch', run: (db, s) => commitAccepted(db, fresh(s.freeCodes), 900) },
  { name: 'commit a refusal', run: (db, s) => commitRefused(db, fresh([s.sharedCode])[0] as never, 'used_up') },
  { name: 'take the outbox', run: (db) => takePending(db, 500) },
  { name: 'count the outbox', run: (db) => countPending(db) },
  { name: 'mark relayed', run: (db, s) => markRelayed(db, s.ids['reserved'] ?? []) },
  { name: 'sweep', run: (db) => listQuiet(db, 30, 500) },
  { name: 'queue again', run: (db, s) => requeue(db, s.ids['enqueued'] ?? []) },
  { name: 'mark seen', run: (db, s) => markSeen(db, s.ids['enqueued'] ?? []) },
  { name: 'count as sent', run: (db, s) => countAsSent(db, first(s.ids['sending'])) },
  { name: 'sweep moves', run: (db) => listQuietRebinds(db, 30, 500) },
  { name: 'queue moves again', run: (db, s) => requeueRebinds(db, s.rebindIds) },
]

const JOB: readonly HotQuery[] = [
  { name: 'claim invites', run: (db, s) => claimInvites(db, batch(s.ids['enqueued']), 60) },
  { name: 'claim invites again', run: (db, s) => claimInvites(db, batch(s.ids['seated']).slice(0, FAILED), 60) },
  { name: 'mark sent', run: (db, s) => markSent(db, batch(s.ids['sending'])) },
  { name: 'release a claim', run: (db, s) => releaseClaim(db, first(s.ids['sending']), TOKEN) },
  { name: 'flag an unknown outcome', run: (db, s) => flagUnknownOutcome(db, first(s.ids['sending']), TOKEN) },
  { name: 'begin a refund', run: (db, s) => beginRefund(db, first(s.ids['seated']), 'mail_rejected') },
  { name: 'resume a refund', run: (db, s) => findRefundUnderWay(db, first(s.ids['refunding'])) },
  { name: 'finish a refund', run: (db, s) => finishRefund(db, first(s.ids['refunding'])) },
  { name: 'claim a move', run: (db, s) => claimRebind(db, first(s.rebindIds), 60) },
  { name: 'is a move open', run: (db, s) => isRebindOpen(db, first(s.rebindIds)) },
  { name: 'mark a move as told', run: (db, s) => markRebindSent(db, first(s.rebindIds)) },
]

const ADMIN: readonly HotQuery[] = [
  page('codes', 'redeem_codes WHERE code > $1 ORDER BY code', () => ['PA']),
  page('codes of a group', 'redeem_codes WHERE group_id = $1 AND code > $2 ORDER BY code', (s) => [
    s.holder.groupId,
    'P8',
  ]),
  page('codes of a kind', 'redeem_codes WHERE kind = $1 AND code > $2 ORDER BY code', () => ['shared', '']),
  page('active codes', 'redeem_codes WHERE is_active AND code > $1 ORDER BY code', () => ['PA']),
  page('groups', 'groups WHERE id > $1 ORDER BY id', () => [20]),
  page('teams of a group', 'teams WHERE group_id = $1 AND id > $2 ORDER BY id', (s) => [s.holder.groupId, 0]),
  page('seats of a team', 'team_members WHERE team_id = $1 AND seat_no > $2 ORDER BY seat_no', (s) => [
    s.holder.teamId,
    3,
  ]),
  page('seats of a person', 'team_members WHERE email = $1', (s) => [s.holder.email]),
  page('activities', 'activities WHERE id > $1 ORDER BY id', () => [TOKEN]),
  page('activities of a tenant', `activities WHERE tenant = $1 AND status = 'open'`, () => ['tenant 1']),
  page('invites of a person', 'invite_records WHERE email = $1', (s) => [s.holder.email]),
  page('invites of a team', 'invite_records WHERE team_id = $1', (s) => [s.holder.teamId]),
]

const ROOM: readonly HotQuery[] = [
  page('claim of a person', 'queue_claims WHERE activity_id = $1 AND user_hash = $2', (s) => [
    s.activityId,
    s.userHash,
  ]),
  page('claims of an activity', 'queue_claims WHERE activity_id = $1 AND seq > $2 ORDER BY seq', (s) => [
    s.activityId,
    9,
  ]),
  page('entries of an activity', 'queue_entries WHERE activity_id = $1 AND seq > $2 ORDER BY seq', (s) => [
    s.activityId,
    9,
  ]),
  page('entries of a person', 'queue_entries WHERE activity_id = $1 AND user_hash = $2', (s) => [
    s.activityId,
    s.userHash,
  ]),
]

export const HOT_QUERIES: readonly HotQuery[] = [...REQUEST_QUERIES, ...LEDGER, ...JOB, ...ADMIN, ...ROOM]
