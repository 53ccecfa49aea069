import type { QueryInterface } from 'sequelize'

/**
 * What the maintenance jobs need: how long a membership lasts (null: for ever), and where old rows go. The index holds
 * only memberships that end. An archived row keeps its id.
 */
const UP = `
ALTER TABLE groups ADD COLUMN member_days integer CHECK (member_days > 0);
CREATE INDEX team_members_valid_until ON team_members (valid_until) WHERE valid_until IS NOT NULL;

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
DROP INDEX team_members_valid_until;
ALTER TABLE groups DROP COLUMN member_days;
`

export async function up({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(UP)
}

export async function down({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(DOWN)
}
