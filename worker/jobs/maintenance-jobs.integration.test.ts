import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimInvites } from '../../server/db/ledger/claim-invites.ts'
import { markSent } from '../../server/db/ledger/settle-invites.ts'
import { createLogger } from '../../server/logger.ts'
import { createTestPipeline, type TestPipeline } from '../testing/test-pipeline.ts'
import type { JobContext, JobProgress, MaintenanceJob } from './maintenance-job.ts'
import { MAINTENANCE_JOBS } from './registry.ts'

/** A job on tables that hold more than one batch of work. */
interface Case {
  /** @returns what `state` must be when the work is done */
  prepare(): Promise<unknown>
  state(): Promise<unknown>
}

describe('maintenance jobs', () => {
  let pipeline: TestPipeline
  beforeAll(async () => {
    pipeline = await createTestPipeline()
  })
  afterAll(() => pipeline.close())

  const sql: TestPipeline['sql'] = (...query) => pipeline.sql(...query)
  const countOf = async (text: string, values: unknown[] = []) =>
    (await sql<{ count: number }>(`SELECT count(*)::int AS count FROM ${text}`, values))[0]?.count

  function createContext({ diesAfter = Number.POSITIVE_INFINITY, signal = new AbortController().signal } = {}) {
    const progress: JobProgress[] = []
    const context: JobContext = {
      ...pipeline,
      logger: createLogger('silent', 'test'),
      signal,
      async progress(done) {
        progress.push({ ...done })
        signal.throwIfAborted()
        if (progress.length > diesAfter) throw new Error('died')
      },
    }
    return { context, progress }
  }

  /** Members of one team whose time has passed, with their sent redemptions. */
  async function createMembers(count: number) {
    const code = await pipeline.createCode({ maxUses: 2_000, seats: 2_000 })
    await sql(
      `WITH sent AS (
         INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at, sent_at, team_id)
         SELECT gen_random_uuid(), c.code, c.code || n || '@example.test', 'sent', now(), now(), now(), t.id
         FROM redeem_codes c JOIN teams t USING (group_id), generate_series(1, $2) AS n WHERE c.code = $1
         RETURNING id, email, team_id
       ), seated AS (
         INSERT INTO team_members (team_id, seat_no, redemption_id, email, valid_until)
         SELECT team_id, row_number() OVER (), id, email, now() - interval '1 s' FROM sent
       )
       UPDATE redeem_codes SET used_count = $2 WHERE code = $1`,
      [code, count],
    )
    await sql('UPDATE teams SET seats_taken = $2 WHERE name = $1', [`team of ${code}`, count])
    return code
  }

  let members = ''
  const cases: Record<string, Case> = {
    'archive-invite-records': {
      async prepare() {
        await sql(
          `INSERT INTO invite_records (redemption_id, email, status, created_at)
           SELECT gen_random_uuid(), n || '@example.test', 'sent', now() - make_interval(days => 85 + n % 10)
           FROM generate_series(1, 5000) AS n`,
        )
        await sql(
          `INSERT INTO queue_entries (activity_id, tenant, session_id, user_hash, seq, created_at)
           SELECT gen_random_uuid(), 'public', gen_random_uuid(), 'u' || n, n, now() - make_interval(days => 91)
           FROM generate_series(1, 3) AS n`,
        )
        return { kept: 2_500, archived: 2_500, entries: 3 }
      },
      state: async () => ({
        kept: await countOf("invite_records WHERE created_at > now() - interval '90 days'"),
        archived: await countOf('invite_records_archive'),
        entries: await countOf('queue_entries_archive'),
      }),
    },
    'cleanup-invite-queue': {
      async prepare() {
        const [unfinished] = await pipeline.reserve(await pipeline.createCode(), ['someone@example.test'])
        await sql(
          `INSERT INTO outbox (redemption_id, status, created_at)
           SELECT gen_random_uuid(), CASE n % 3 WHEN 0 THEN 'pending' ELSE 'done' END,
                  now() - CASE WHEN n % 3 = 1 THEN interval '8 days' ELSE interval '6 days' END
           FROM generate_series(1, 9000) AS n`,
        )
        await sql(
          "UPDATE outbox SET status = 'done', created_at = now() - interval '9 days' WHERE redemption_id = $1",
          [unfinished],
        )
        return { pending: 3_000, old: 1, done: 3_001 }
      },
      state: async () => ({
        pending: await countOf("outbox WHERE status = 'pending'"),
        old: await countOf("outbox WHERE status = 'done' AND created_at < now() - interval '7 days'"),
        done: await countOf("outbox WHERE status = 'done'"),
      }),
    },
    'create-partitions': {
      async prepare() {
        const state = await partitions()
        await sql(`DROP TABLE IF EXISTS ${state.slice(1).join(', ')}`)
        return state
      },
      state: () => partitions(),
    },
    'expire-members': {
      async prepare() {
        members = await createMembers(1_200)
        return { expired: 1_200, seats: 0, taken: 0, used: 1_200 }
      },
      state: async () => ({
        expired: await countOf("redemptions WHERE code = $1 AND status = 'expired'", [members]),
        seats: await countOf('team_members m JOIN redemptions r ON r.id = m.redemption_id WHERE r.code = $1', [
          members,
        ]),
        taken: (
          await sql<{ taken: number }>('SELECT seats_taken AS taken FROM teams WHERE name = $1', [`team of ${members}`])
        )[0]?.taken,
        used: await pipeline.usedCount(members),
      }),
    },
    'refresh-seat-stats': {
      async prepare() {
        await sql("UPDATE teams SET seats_taken = 7 WHERE name LIKE 'team of %'")
        return (await countOf('teams WHERE seats_taken = 7')) ?? 0
      },
      state: () => countOf('team_seat_stats WHERE team_id IS NOT NULL AND taken = 7').then((count) => count ?? 0),
    },
    'sync-redeem-counts': {
      async prepare() {
        const code = await pipeline.createCode({ maxUses: 5 })
        await pipeline.reserve(code, ['a@example.test', 'b@example.test'])
        await sql(
          `INSERT INTO redeem_codes (code, group_id, max_uses, used_count)
           SELECT 'wrong' || n, (SELECT min(id) FROM groups), 5, n % 5 + 1 FROM generate_series(1, 450) AS n`,
        )
        await sql('UPDATE redeem_codes SET used_count = 0 WHERE code = $1', [code])
        return 0
      },
      state: () =>
        countOf(`redeem_codes c WHERE used_count <> (
          SELECT count(*) FROM redemptions r WHERE r.code = c.code AND (r.active OR r.status = 'expired'))`).then(
          (count) => count ?? -1,
        ),
    },
  }
  async function partitions(): Promise<string[]> {
    const rows = await sql<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits
       WHERE inhparent = 'invite_records'::regclass AND inhrelid <> 'invite_records_default'::regclass ORDER BY 1`,
    )
    return rows.map(({ name }) => name)
  }
  const jobNamed = (name: string) => MAINTENANCE_JOBS.find((job) => job.name === name) as MaintenanceJob

  test('each has a case here, attempts, a back-off and a time limit', () => {
    expect(MAINTENANCE_JOBS.map(({ name }) => name)).toEqual(Object.keys(cases))
    for (const { attempts, backoffMs, timeLimitMs } of MAINTENANCE_JOBS) {
      expect(attempts).toBeGreaterThan(1)
      expect(Math.min(backoffMs, timeLimitMs)).toBeGreaterThan(0)
    }
  })

  test.each(Object.entries(cases))(
    '%s: ends at its time limit, goes on after it died, does its work once',
    async (name, { prepare, state }) => {
      const job = jobNamed(name)
      const expected = await prepare()
      expect(await state()).not.toEqual(expected)
      const late = AbortSignal.abort(new Error('time limit'))
      await expect(job.run(createContext({ signal: late }).context)).rejects.toThrow('time limit')
      const dying = createContext({ diesAfter: 1 })
      await expect(job.run(dying.context)).rejects.toThrow('died')
      const last = createContext()
      const done = await job.run(last.context)
      expect(await state()).toEqual(expected)
      expect(last.progress.at(-1)).toEqual(done)
      await job.run(createContext().context)
      expect(await state()).toEqual(expected)
    },
  )

  test('memberships last as long as their group says, and end as expired uses that a bucket knows', async () => {
    const code = await pipeline.createCode({ maxUses: 3 })
    await sql('UPDATE groups SET member_days = 30 WHERE name = $1', [`group of ${code}`])
    const [id = '', unsent = ''] = await pipeline.accept(code, ['a@example.test', 'b@example.test'])
    await pipeline.settle()
    await claimInvites(pipeline.db, [id, unsent], 60)
    await markSent(pipeline.db, [id])
    const days = await sql<{ days: number }>(
      'SELECT round(extract(epoch FROM valid_until - now()) / 86400)::int AS days FROM team_members WHERE redemption_id = ANY($1)',
      [[id, unsent]],
    )
    expect(days).toEqual([{ days: 30 }, { days: 30 }])

    await sql('UPDATE team_members SET valid_until = now() WHERE redemption_id = ANY($1)', [[id, unsent]])
    const expire = async () => (await jobNamed('expire-members').run(createContext().context))['expired']
    const before = await expiredTotal()
    expect(await expire()).toBe(1)
    expect(await expiredTotal()).toBe(before + 1)
    expect([(await pipeline.find(id))?.status, (await pipeline.find(unsent))?.status]).toEqual(['expired', 'sending'])
    expect(await pipeline.usedCount(code)).toBe(2)
    expect(await countOf('bucket_outbox WHERE code = $1', [code])).toBe(1)

    await pipeline.redis.del(pipeline.keys.bucket(code))
    expect(await pipeline.redeem(code, 'a@example.test')).toMatchObject({ outcome: 'accepted' })
    expect(await pipeline.redeem(code, 'c@example.test')).toMatchObject({ reason: 'used_up' })
  })

  test('a group without member_days gives memberships without an end', async () => {
    const code = await pipeline.createCode()
    const ids = await pipeline.reserve(code, ['a@example.test'])
    await claimInvites(pipeline.db, ids, 60)
    expect(await countOf('team_members WHERE redemption_id = $1 AND valid_until IS NULL', [ids[0]])).toBe(1)
  })

  test('seats are given and freed at the same time without a deadlock', async () => {
    const codes = await Promise.all([createMembers(300), createMembers(300), createMembers(300)])
    const ids = (
      await Promise.all(
        codes.map((code) =>
          pipeline.reserve(
            code,
            ['x', 'y', 'z'].map((name) => `${name}@example.test`),
          ),
        ),
      )
    ).flat()
    const expire = jobNamed('expire-members')
    const seat = async () => {
      for (const id of ids) await claimInvites(pipeline.db, [id], 60)
    }
    await Promise.all([expire.run(createContext().context), seat(), expire.run(createContext().context)])
    await expire.run(createContext().context)
    const wrong = `teams t WHERE name = ANY($1) AND seats_taken <> (SELECT count(*) FROM team_members m WHERE m.team_id = t.id)`
    expect(await countOf(wrong, [codes.map((code) => `team of ${code}`)])).toBe(0)
    expect(await countOf('team_members WHERE redemption_id = ANY($1)', [ids])).toBe(9)
  })

  const expiredTotal = async () => (await pipeline.metrics.expiredCleanups.get()).values[0]?.value ?? 0
})
