import type { QueryInterface } from 'sequelize'

/**
 * Waiting rooms. `queue_entries` is partitioned by month, so a unique index cannot span it: one entry per user is held
 * by `queue_claims`. How many were released is a function of time: `released_before` when the activity was opened last,
 * and `release_per_second` since `opened_at`.
 */
const UP = `
CREATE TABLE activities (
  id uuid PRIMARY KEY,
  tenant text NOT NULL CHECK (length(tenant) BETWEEN 1 AND 64),
  name text NOT NULL,
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'open', 'closed')),
  start_at timestamptz,
  end_at timestamptz,
  release_per_second double precision NOT NULL CHECK (release_per_second > 0),
  released_before bigint NOT NULL DEFAULT 0 CHECK (released_before >= 0),
  opened_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CHECK (end_at > start_at)
);

ALTER TABLE redeem_codes ADD COLUMN activity_id uuid REFERENCES activities;
CREATE INDEX redeem_codes_activity ON redeem_codes (activity_id) WHERE activity_id IS NOT NULL;

CREATE TABLE queue_claims (
  activity_id uuid NOT NULL REFERENCES activities,
  user_hash text NOT NULL CHECK (length(user_hash) BETWEEN 1 AND 64),
  session_id uuid NOT NULL,
  seq bigint NOT NULL CHECK (seq > 0),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (activity_id, user_hash),
  UNIQUE (activity_id, seq)
);

CREATE TABLE queue_entries (
  id bigint GENERATED ALWAYS AS IDENTITY,
  activity_id uuid NOT NULL,
  tenant text NOT NULL,
  session_id uuid NOT NULL,
  user_hash text NOT NULL,
  seq bigint NOT NULL,
  ip_hash text,
  fingerprint text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE queue_entries_default PARTITION OF queue_entries DEFAULT;
`

const DOWN = `
ALTER TABLE redeem_codes DROP COLUMN activity_id;
DROP TABLE queue_entries, queue_claims, activities;
`

export async function up({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(UP)
}

export async function down({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(DOWN)
}
