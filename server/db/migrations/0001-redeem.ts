import type { QueryInterface } from 'sequelize'

/**
 * The redeem pipeline. Constraints hold the truth: a use cannot be taken beyond max_uses, a seat has one owner, a
 * person has one active redemption per code.
 *
 * `active`, `unfinished` and `lingering` (holds a use without being active) are generated, and the partial indexes hang on them instead of on `status`,
 * so that most status changes touch no index (heap-only updates). `redemptions.code` has no foreign key: each insert
 * would lock the hot code's row for key share; every statement that inserts a redemption reads or updates its code.
 */
const UP = `
CREATE TABLE groups (
  id serial PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE teams (
  id serial PRIMARY KEY,
  group_id integer NOT NULL REFERENCES groups,
  name text NOT NULL,
  max_seats integer NOT NULL CHECK (max_seats > 0),
  seats_taken integer NOT NULL DEFAULT 0 CHECK (seats_taken BETWEEN 0 AND max_seats),
  has_free boolean NOT NULL GENERATED ALWAYS AS (seats_taken < max_seats) STORED,
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX teams_with_free_seats ON teams (group_id, id) WHERE has_free;

CREATE TABLE redeem_codes (
  code text PRIMARY KEY CHECK (length(code) BETWEEN 1 AND 64),
  group_id integer NOT NULL REFERENCES groups,
  kind text NOT NULL DEFAULT 'shared' CHECK (kind IN ('shared', 'personal')),
  max_uses integer NOT NULL CHECK (max_uses >= 0),
  used_count integer NOT NULL DEFAULT 0,
  is_active boolean NOT NULL DEFAULT true,
  valid_until timestamptz,
  refill_per_second double precision CHECK (refill_per_second > 0),
  bound_email text,
  activated_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT used_count_within_max_uses CHECK (used_count BETWEEN 0 AND max_uses)
) WITH (fillfactor = 50);
CREATE INDEX redeem_codes_bound_email ON redeem_codes (bound_email) WHERE bound_email IS NOT NULL;

CREATE TABLE redemptions (
  id uuid PRIMARY KEY,
  code text NOT NULL,
  email text NOT NULL,
  status text NOT NULL CHECK (status IN
    ('reserved', 'enqueued', 'seated', 'sending', 'sent', 'expired', 'refunding', 'refunded')),
  active boolean NOT NULL GENERATED ALWAYS AS
    (status IN ('reserved', 'enqueued', 'seated', 'sending', 'sent')) STORED,
  unfinished boolean NOT NULL GENERATED ALWAYS AS
    (status IN ('reserved', 'enqueued', 'seated', 'sending', 'refunding')) STORED,
  lingering boolean NOT NULL GENERATED ALWAYS AS (status IN ('refunding', 'expired')) STORED,
  accepted_at timestamptz NOT NULL,
  deadline_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  team_id integer REFERENCES teams,
  claim_token uuid,
  claimed_until timestamptz,
  outcome_unknown boolean NOT NULL DEFAULT false,
  sent_at timestamptz,
  refund_reason text,
  refunded_at timestamptz
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX redemptions_one_active ON redemptions (code, email) WHERE active;
CREATE INDEX redemptions_unfinished ON redemptions (accepted_at) WHERE unfinished;
CREATE INDEX redemptions_lingering ON redemptions (code, email) WHERE lingering;

CREATE TABLE team_members (
  team_id integer NOT NULL REFERENCES teams,
  seat_no integer NOT NULL CHECK (seat_no > 0),
  redemption_id uuid NOT NULL UNIQUE,
  email text NOT NULL,
  joined_at timestamptz NOT NULL DEFAULT now(),
  valid_until timestamptz,
  PRIMARY KEY (team_id, seat_no)
);
CREATE INDEX team_members_email ON team_members (email);

CREATE TABLE outbox (
  redemption_id uuid PRIMARY KEY,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done')),
  created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX outbox_pending ON outbox (created_at) WHERE status = 'pending';

CREATE TABLE invite_records (
  id bigint GENERATED ALWAYS AS IDENTITY,
  redemption_id uuid NOT NULL,
  team_id integer,
  email text NOT NULL,
  status text NOT NULL CHECK (status IN ('sent', 'refunded')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE invite_records_default PARTITION OF invite_records DEFAULT;
`

const DOWN = `
DROP TABLE invite_records, outbox, team_members, redemptions, redeem_codes, teams, groups;
`

export async function up({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(UP)
}

export async function down({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(DOWN)
}
