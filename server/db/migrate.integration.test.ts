import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { buildIndex } from './build-index.ts'
import { migrateDown, migrateUp, pendingMigrations } from './migrate.ts'
import { up as buildIndexes } from './migrations/0005-indexes.ts'

const FIRST = '0001-redeem.ts'

/** Rows of every table of the first version, in three months of which one is long past. */
const FILL = `
INSERT INTO groups (name) VALUES ('g');
INSERT INTO teams (group_id, name, max_seats, seats_taken) VALUES (1, 't', 5, 2), (1, 'u', 3, 0);
INSERT INTO redeem_codes (code, group_id, max_uses, used_count) VALUES ('C', 1, 9, 1);
INSERT INTO redeem_codes (code, group_id, kind, max_uses, used_count, bound_email) VALUES ('P', 1, 'personal', 1, 1, 'b@x');
INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at, team_id) VALUES
  ('00000000-0000-4000-8000-000000000001', 'C', 'a@x', 'sent', now(), now(), 1),
  ('00000000-0000-4000-8000-000000000002', 'P', 'b@x', 'reserved', now(), now(), 1);
INSERT INTO team_members (team_id, seat_no, redemption_id, email) SELECT 1, row_number() OVER (), id, email FROM redemptions;
INSERT INTO outbox (redemption_id) SELECT id FROM redemptions;
INSERT INTO invite_records (redemption_id, team_id, email, status, created_at)
SELECT id, 1, email, 'sent', moment FROM redemptions,
  unnest(ARRAY['2024-02-29 23:59:59.999Z', '2024-03-01 00:00:00Z', now()]::timestamptz[]) AS moment;`

const TABLES = ['groups', 'teams', 'redeem_codes', 'redemptions', 'team_members', 'outbox', 'invite_records']

describe('the migrations', () => {
  let stores: TestStores
  beforeEach(async () => {
    stores = await createTestStores()
  })
  afterEach(() => stores.close())

  const relations = () =>
    stores.sql<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm', 'i', 'I')
       UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY name`,
    )
  const invalidIndexes = () =>
    stores.sql('SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid ORDER BY name')

  test('go down to an empty database and up again', async () => {
    const full = await relations()
    await migrateDown(stores.db.sequelize, true)
    expect(await relations()).toEqual([{ name: 'migrations' }, { name: 'migrations_pkey' }])
    await migrateUp(stores.db.sequelize)
    expect(await relations()).toEqual(full)
    expect(await invalidIndexes()).toEqual([])
  })

  test('carry the rows of the first version up and, step by step, down again', async () => {
    const { sequelize } = stores.db
    const columns = new Map<string, string>()
    const read = (table: string) => stores.sql(`SELECT ${columns.get(table)} FROM ${table} ORDER BY 1, 2`)
    const readAll = async () => Object.fromEntries(await Promise.all(TABLES.map(async (t) => [t, await read(t)])))

    await migrateDown(sequelize, true)
    await migrateUp(sequelize, FIRST)
    await stores.sql(FILL)
    for (const table of TABLES) {
      const [row] = await stores.sql<{ names: string }>(
        `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS names FROM pg_attribute
         WHERE attrelid = $1::regclass AND attnum > 0`,
        [table],
      )
      columns.set(table, row?.names ?? '')
    }
    const before: Record<string, object[]> = await readAll()
    expect(Object.values(before).map((rows) => rows.length)).toEqual([1, 2, 2, 2, 2, 2, 6])

    const ran = await migrateUp(sequelize)
    expect(ran.length).toBeGreaterThan(4)
    expect(await readAll()).toEqual(before)
    const homes = await stores.sql(
      `SELECT DISTINCT tableoid::regclass::text AS home FROM invite_records WHERE created_at < now() - interval '1 day' ORDER BY home`,
    )
    expect(homes).toEqual([{ home: 'invite_records_y2024m02' }, { home: 'invite_records_y2024m03' }])
    expect(await stores.sql('SELECT FROM invite_records_default')).toEqual([])
    expect(await invalidIndexes()).toEqual([])

    for (let step = 0; step < ran.length; step++) {
      await migrateDown(sequelize)
      expect(await readAll()).toEqual(before)
    }
    expect(await pendingMigrations(sequelize)).toEqual(ran)
    await stores.sql(
      `INSERT INTO invite_records (redemption_id, email, status) SELECT id, email, 'sent' FROM redemptions`,
    )
    expect(await stores.sql('SELECT FROM invite_records GROUP BY id HAVING count(*) > 1')).toEqual([])
  })

  test('an index whose build failed is built anew by the next run, also in a partition', async () => {
    const { sequelize } = stores.db
    await stores.sql('DROP INDEX queue_entries_created_at, teams_group')
    const entry = `INSERT INTO queue_entries (activity_id, tenant, session_id, user_hash, seq)
      VALUES (gen_random_uuid(), 't', gen_random_uuid(), 'u', 1)`
    await stores.sql(entry)
    await stores.sql(entry)
    const [home] = await stores.sql<{ name: string }>('SELECT tableoid::regclass::text AS name FROM queue_entries')
    const partition = home?.name ?? ''
    const leftover = { name: `${partition}_created_at`, table: partition, on: '(seq)' }
    await expect(
      sequelize.query(`CREATE UNIQUE INDEX CONCURRENTLY ${leftover.name} ON ${partition} (seq)`),
    ).rejects.toThrow()
    expect(await invalidIndexes()).toEqual([{ name: leftover.name }])

    await buildIndexes({ context: sequelize.getQueryInterface() })
    expect(await invalidIndexes()).toEqual([])
    const [built] = await stores.sql<{ definition: string }>(`SELECT pg_get_indexdef($1::regclass) AS definition`, [
      leftover.name,
    ])
    expect(built?.definition).toContain('(created_at)')
  })

  test('a partition that is made later has the indexes of the others', async () => {
    await stores.sql(`SELECT ensure_month_partition('queue_entries', '2031-01-15')`)
    const indexes = (table: string) =>
      stores.sql(`SELECT regexp_replace(indexdef, 'INDEX .* USING', 'USING') AS index FROM pg_indexes
        WHERE tablename = '${table}' ORDER BY 1`)
    const made = await indexes('queue_entries_y2031m01')
    expect(made.length).toBe(4)
    const [other] = await stores.sql<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'queue_entries'::regclass
       AND inhrelid::regclass::text NOT LIKE '%_y2031m01' LIMIT 1`,
    )
    expect(made.length).toBe((await indexes(other?.name ?? 'queue_entries_default')).length)
  })

  test('several processes may migrate at once, and another one may stand in a transaction', async () => {
    await migrateDown(stores.db.sequelize, true)
    await migrateUp(stores.db.sequelize, FIRST)
    const ran = await stores.db.transaction(async (idle) => {
      await idle.query({ name: '', text: 'SELECT 1' }, [])
      return Promise.all([1, 2, 3].map(() => migrateUp(stores.db.sequelize)))
    })
    expect(ran.filter((names) => names.length > 0).length).toBe(1)
    expect(await pendingMigrations(stores.db.sequelize)).toEqual([])
  })

  test('an index that stands is left alone', async () => {
    const oid = () => stores.sql(`SELECT 'teams_group'::regclass::oid AS oid`)
    const before = await oid()
    await buildIndex(stores.db.sequelize, { name: 'teams_group', table: 'teams', on: '(group_id, id)' })
    expect(await oid()).toEqual(before)
  })
})
