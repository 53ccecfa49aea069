import type { QueryInterface } from 'sequelize'
import { buildIndex, dropIndex, type Index } from '../build-index.ts'

/** Only memberships that end. `team_members` is live: nobody who gets a seat waits for this. */
const ENDS: Index = {
  name: 'team_members_valid_until',
  table: 'team_members',
  on: '(valid_until) WHERE valid_until IS NOT NULL',
}

/**
 * What the maintenance jobs need: how long a membership lasts (null: for ever), and where old rows go. An archived
 * row keeps its id.
 */
const UP = `
ALTER TABLE groups ADD COLUMN member_days integer CHECK (member_days > 0);

CREATE TABLE invite_records_archive (
  LIKE invite_records, archived_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (id)
);
CREATE TABLE queue_entries_archive (
  LIKE queue_entries, archived_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (id)
);
`

/** Nothing is lost: what was archived goes back. */
const DOWN = `
ALTER TABLE queue_entries_archive DROP COLUMN archived_at;
INSERT INTO queue_entries OVERRIDING SYSTEM VALUE SELECT * FROM queue_entries_archive;
ALTER TABLE invite_records_archive DROP COLUMN archived_at;
INSERT INTO invite_records OVERRIDING SYSTEM VALUE SELECT * FROM invite_records_archive;
DROP TABLE invite_records_archive, queue_entries_archive;
ALTER TABLE groups DROP COLUMN member_days;
`

export async function up({ context: { sequelize } }: { context: QueryInterface }): Promise<void> {
  await sequelize.query(UP)
  await buildIndex(sequelize, ENDS)
}

export async function down({ context: { sequelize } }: { context: QueryInterface }): Promise<void> {
  await dropIndex(sequelize, ENDS)
  await sequelize.query(DOWN)
}
