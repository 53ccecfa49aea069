import type { Connection } from '../db/database.ts'
import { monthOf } from '../db/partitions.ts'

/**
 * A year of the system's life, the same at each size: `$1` redemptions, as many personal codes (every other one is
 * taken) and queue entries; a seventh of the teams has free seats; the latest 1 000 redemptions are on their way.
 */
const STEPS: readonly (readonly [table: string, text: string])[] = [
  [
    'groups',
    `INSERT INTO groups (name) SELECT 'group ' || n FROM generate_series(1, greatest(10, $1::int / 2000)) AS n`,
  ],
  [
    'teams',
    `INSERT INTO teams (group_id, name, max_seats)
     SELECT 1 + n % (SELECT count(*) FROM groups), 'team ' || n, 1000
     FROM generate_series(1, 20 * greatest(10, $1::int / 2000)) AS n`,
  ],
  [
    'activities',
    `INSERT INTO activities (id, tenant, name, status, start_at, end_at, release_per_second, opened_at)
     SELECT md5('a' || n)::uuid, 'tenant ' || n % 5, 'activity ' || n, (ARRAY['open', 'closed', 'draft'])[1 + n % 3],
            now() - make_interval(days => n), now() + make_interval(days => n), 10, now()
     FROM generate_series(1, greatest(10, $1::int / 500)) AS n`,
  ],
  [
    'redeem_codes',
    `INSERT INTO redeem_codes (code, group_id, kind, max_uses, used_count, is_active, valid_until)
     SELECT 'P' || upper(left(md5('p' || n), 16)), 1 + n % (SELECT count(*) FROM groups), 'personal', 1, 0, n % 20 > 0,
            CASE WHEN n % 20 = 1 THEN now() - interval '1 day' END
     FROM generate_series(1, $1::int) AS n
     UNION ALL
     SELECT 'S' || n, 1 + n % (SELECT count(*) FROM groups), 'shared', 100000, 0, true, NULL
     FROM generate_series(1, greatest(10, $1::int / 1000)) AS n`,
  ],
  [
    'redemptions',
    `INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at, updated_at, team_id, sent_at)
     SELECT md5('r' || n)::uuid, CASE WHEN n % 2 = 0 THEN 'P' || upper(left(md5('p' || n), 16))
              ELSE 'S' || 1 + n / 2 % greatest(10, $1::int / 1000) END,
            'person' || n || '@example.test', status, accepted_at, accepted_at + interval '15 min',
            accepted_at + interval '1 min', CASE WHEN status IN ('seated', 'sending', 'sent') THEN 1 + n % teams END,
            CASE WHEN status IN ('sent', 'expired') THEN accepted_at + interval '1 min' END
     FROM (SELECT count(*)::int AS teams FROM teams) t, generate_series(1, $1::int) AS n, LATERAL (
       SELECT CASE WHEN n > $1::int - 1000 THEN (ARRAY['reserved', 'enqueued', 'seated', 'sending'])[1 + n % 4]
                   WHEN n % 50 = 0 THEN 'refunded' WHEN n % 50 = 1 THEN 'expired'
                   WHEN n > $1::int - 1020 THEN 'refunding' ELSE 'sent' END AS status,
              now() - interval '2 min' - make_interval(secs => ($1::int - n) * 31536000.0 / $1::int) AS accepted_at) r`,
  ],
  [
    'team_members',
    `INSERT INTO team_members (team_id, seat_no, redemption_id, email)
     SELECT team_id, row_number() OVER (PARTITION BY team_id ORDER BY accepted_at), id, email
     FROM redemptions WHERE team_id IS NOT NULL`,
  ],
  [
    'teams',
    `UPDATE teams t SET seats_taken = m.taken, max_seats = m.taken + CASE WHEN t.id % 7 = 0 THEN 20 ELSE 0 END
     FROM (SELECT team_id, count(*)::int AS taken FROM team_members GROUP BY team_id) m WHERE m.team_id = t.id`,
  ],
  [
    'redeem_codes',
    `UPDATE redeem_codes c SET used_count = r.uses, bound_email = CASE c.kind WHEN 'personal' THEN r.email END
     FROM (SELECT code, count(*)::int AS uses, min(email) AS email FROM redemptions
           WHERE active OR status = 'expired' GROUP BY code) r WHERE r.code = c.code`,
  ],
  [
    'outbox',
    `INSERT INTO outbox (redemption_id, status, created_at)
     SELECT id, CASE status WHEN 'reserved' THEN 'pending' ELSE 'done' END, accepted_at FROM redemptions`,
  ],
  [
    'invite_records',
    `INSERT INTO invite_records (redemption_id, team_id, email, status, created_at)
     SELECT id, team_id, email, CASE status WHEN 'refunded' THEN status ELSE 'sent' END, updated_at
     FROM redemptions WHERE NOT unfinished`,
  ],
  [
    'rebinds',
    `INSERT INTO rebinds (id, redemption_id, code, email, from_team_id, to_team_id, status, updated_at)
     SELECT md5('b' || id)::uuid, id, code, email, team_id % 10 + 1, team_id % 10 + 2,
            CASE WHEN age <= 50 THEN 'pending' ELSE 'sent' END, updated_at
     FROM (SELECT *, row_number() OVER (ORDER BY accepted_at DESC) AS age FROM redemptions WHERE status = 'sent') r
     WHERE age <= 50 OR left(id::text, 2) = '7f'`,
  ],
  [
    'queue_claims',
    `INSERT INTO queue_claims (activity_id, user_hash, session_id, seq, created_at)
     SELECT md5('a' || 1 + n % a)::uuid, md5('u' || n), md5('q' || n)::uuid, 1 + n / a,
            now() - make_interval(secs => ($1::int - n) * 31536000.0 / $1::int)
     FROM (SELECT greatest(10, $1::int / 500) AS a) s, generate_series(1, $1::int) AS n`,
  ],
  [
    'queue_entries',
    `INSERT INTO queue_entries (activity_id, tenant, session_id, user_hash, seq, created_at)
     SELECT activity_id, 'public', session_id, user_hash, seq, created_at FROM queue_claims`,
  ],
]

const MONTHS = 13

/** Fills an empty database. @param db may need minutes for a statement when there are a million rows */
export async function fillLedger(
  db: Connection,
  rows: number,
  onStep: (table: string) => void = () => {},
): Promise<void> {
  const send = (text: string, values: unknown[] = []) => db.query({ name: '', text }, values)
  for (let ago = 0; ago < MONTHS; ago++) {
    const month = `${monthOf(new Date(), -ago)}-01`
    await send(`SELECT ensure_month_partition('invite_records', $1), ensure_month_partition('queue_entries', $1)`, [
      month,
    ])
  }
  for (const [table, text] of STEPS) {
    onStep(table)
    await send(text, text.includes('$1') ? [rows] : [])
  }
  await send('REFRESH MATERIALIZED VIEW team_seat_stats')
  await send('VACUUM ANALYZE')
}
