import { type QueryInterface, QueryTypes } from 'sequelize'

/**
 * Records and queue entries by month (UTC): `invite_records_y2026m11`. The default partition stays as a safety net for
 * months that nobody made in time; when such a month is made, its rows move out of it in the same transaction.
 *
 * The new table is attached rather than created in place: that leaves the parent open to readers and writers, and
 * locks the default partition alone. Who cannot have that lock soon gives up, and holds up nobody.
 */
const FUNCTION = `
CREATE OR REPLACE FUNCTION ensure_month_partition(parent text, month date) RETURNS boolean
LANGUAGE plpgsql SET TimeZone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
  starts timestamptz := date_trunc('month', month);
  ends timestamptz := starts + interval '1 month';
  safety_net text := parent || '_default';
  made text := parent || to_char(starts, '"_y"YYYY"m"MM');
BEGIN
  IF to_regclass(made) IS NOT NULL THEN RETURN false; END IF;
  -- Two who make the same month take turns.
  EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
  IF to_regclass(made) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', safety_net);
  -- A partition has the identity of its parent, and may not bring one along.
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING IDENTITY)', made, parent);
  EXECUTE format(
    'WITH moved AS (DELETE FROM %I WHERE created_at >= %L AND created_at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
    safety_net, starts, ends, made);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, made, starts, ends);
  RETURN true;
END $$`

const TABLES = ['invite_records', 'queue_entries']

/** The months that have rows, this month and the next three. */
const listMonths = (table: string) => `
SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date::text AS month FROM ${table}_default
UNION
SELECT (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date::text
FROM generate_series(0, 3) AS ahead
ORDER BY month`

/** One transaction per month, so that writers wait for the move of one month at most. */
export async function up({ context: { sequelize } }: { context: QueryInterface }): Promise<void> {
  await sequelize.query(FUNCTION)
  for (const table of TABLES) {
    const months = await sequelize.query<{ month: string }>(listMonths(table), { type: QueryTypes.SELECT })
    for (const { month } of months) {
      await sequelize.query('SELECT ensure_month_partition($1, $2)', { bind: [table, month] })
    }
  }
}

/** All rows go back to the default partition. */
const DOWN = `
DROP FUNCTION ensure_month_partition;
DO $$
DECLARE parent text; part text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['invite_records', 'queue_entries'] LOOP
    FOREACH part IN ARRAY ARRAY(
      SELECT inhrelid::regclass::text FROM pg_inherits
      WHERE inhparent = parent::regclass AND inhrelid <> (parent || '_default')::regclass
    ) LOOP
      EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, part);
      EXECUTE format('INSERT INTO %I OVERRIDING SYSTEM VALUE SELECT * FROM %I', parent, part);
      EXECUTE format('DROP TABLE %I', part);
    END LOOP;
  END LOOP;
END $$`

export async function down({ context: { sequelize } }: { context: QueryInterface }): Promise<void> {
  await sequelize.query(DOWN)
}
