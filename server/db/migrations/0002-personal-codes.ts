import type { QueryInterface } from 'sequelize'

/**
 * Personal codes with their one use, holders who move to another team, and what an administrator changes about codes.
 *
 * `bucket_outbox` carries changes of codes to their buckets: written with the change, taken by the scheduler's relay.
 */
const UP = `
UPDATE redeem_codes SET max_uses = 1 WHERE kind = 'personal' AND max_uses > 1;
ALTER TABLE redeem_codes
  ADD CONSTRAINT personal_codes_have_one_use CHECK (kind = 'shared' OR max_uses <= 1),
  ADD CONSTRAINT only_personal_codes_are_bound CHECK (kind = 'personal' OR bound_email IS NULL);

ALTER TABLE outbox ADD COLUMN kind text NOT NULL DEFAULT 'invite' CHECK (kind IN ('invite', 'rebind'));
COMMENT ON COLUMN outbox.redemption_id IS 'for a rebind: the id of the rebind';

CREATE TABLE bucket_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE rebinds (
  id uuid PRIMARY KEY,
  redemption_id uuid NOT NULL REFERENCES redemptions,
  code text NOT NULL,
  email text NOT NULL,
  from_team_id integer NOT NULL REFERENCES teams,
  to_team_id integer NOT NULL REFERENCES teams CHECK (to_team_id <> from_team_id),
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sending', 'sent', 'failed')),
  claim_token uuid,
  claimed_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX rebinds_redemption ON rebinds (redemption_id);
CREATE INDEX rebinds_unsent ON rebinds (updated_at) WHERE status IN ('pending', 'sending');
`

const DOWN = `
DROP TABLE rebinds, bucket_outbox;
DELETE FROM outbox WHERE kind <> 'invite';
ALTER TABLE outbox DROP COLUMN kind;
ALTER TABLE redeem_codes
  DROP CONSTRAINT personal_codes_have_one_use,
  DROP CONSTRAINT only_personal_codes_are_bound;
`

export async function up({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(UP)
}

export async function down({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(DOWN)
}
