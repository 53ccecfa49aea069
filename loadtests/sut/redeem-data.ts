import type pg from 'pg'

/** A shared code to be made, with how many uses. */
export interface CodeSeed {
  readonly code: string
  readonly maxUses: number
}

/** Personal codes to be made: `<prefix>-1` to `<prefix>-<count>`. */
export interface CodeRange {
  readonly prefix: string
  readonly count: number
}

/** Large enough that seats never run out; small enough that a full team is a matter of every day. */
const SEATS_PER_TEAM = 200

/** Makes one group with seats for everybody, and shared codes. @param seats at least so many */
export async function seedCodes(client: pg.Client, codes: readonly CodeSeed[], seats: number): Promise<void> {
  await client.query(`INSERT INTO groups (name) VALUES ('bench')`)
  await client.query(
    `INSERT INTO teams (group_id, name, max_seats)
     SELECT 1, 'Team ' || n, $1 FROM generate_series(1, $2::int) AS n`,
    [SEATS_PER_TEAM, Math.ceil(seats / SEATS_PER_TEAM)],
  )
  await client.query(
    `INSERT INTO redeem_codes (code, group_id, max_uses)
     SELECT code, 1, uses FROM unnest($1::text[], $2::int[]) AS seed(code, uses)`,
    [codes.map(({ code }) => code), codes.map(({ maxUses }) => maxUses)],
  )
}

/** Makes personal codes in the group that `seedCodes` made. */
export async function seedPersonalCodes(client: pg.Client, { prefix, count }: CodeRange): Promise<void> {
  await client.query(
    `INSERT INTO redeem_codes (code, group_id, kind, max_uses)
     SELECT $1 || '-' || n, 1, 'personal', 1 FROM generate_series(1, $2::int) AS n`,
    [prefix, count],
  )
}

/** What a person tries the system with: a shared code and personal ones, and a seat for each use. */
export const SAMPLE = {
  code: 'WELCOME',
  maxUses: 10_000,
  personalCodes: Array.from({ length: 20 }, (_, n) => `PERSONAL-${n + 1}`),
} as const

const SEED_SAMPLE = `
WITH made AS (
  INSERT INTO groups (name) VALUES ('Welcome') ON CONFLICT (name) DO NOTHING RETURNING id
), team AS (
  INSERT INTO teams (group_id, name, max_seats)
  SELECT made.id, 'Welcome ' || n, $4 FROM made, generate_series(1, $5::int) AS n
)
INSERT INTO redeem_codes (code, group_id, kind, max_uses)
SELECT $1, id, 'shared', $2 FROM made
UNION ALL SELECT code, id, 'personal', 1 FROM made, unnest($3::text[]) AS personal(code)
ON CONFLICT (code) DO NOTHING`

/** Makes the sample codes with their seats, unless an earlier start on the same database did. */
export async function seedSample(client: pg.Client): Promise<void> {
  const { code, maxUses, personalCodes } = SAMPLE
  const teams = Math.ceil((maxUses + personalCodes.length) / SEATS_PER_TEAM)
  await client.query(SEED_SAMPLE, [code, maxUses, personalCodes, SEATS_PER_TEAM, teams])
}

const SEED_LOAD = `
WITH made AS (
  INSERT INTO groups (name) VALUES ('Load ' || $1::text) ON CONFLICT (name) DO NOTHING RETURNING id
), team AS (
  INSERT INTO teams (group_id, name, max_seats)
  SELECT made.id, 'Load ' || n, $3 FROM made, generate_series(1, $4::int) AS n
)
INSERT INTO redeem_codes (code, group_id, kind, max_uses) SELECT $1, id, 'shared', $2::int FROM made
ON CONFLICT (code) DO NOTHING`

/** Makes a code for load with a seat for each use, unless it is there. */
export async function seedLoadCode(client: pg.Client, { code, maxUses }: CodeSeed): Promise<void> {
  await client.query(SEED_LOAD, [code, maxUses, SEATS_PER_TEAM, Math.ceil(maxUses / SEATS_PER_TEAM)])
}
