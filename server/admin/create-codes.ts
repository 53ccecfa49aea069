import type { Connection, Database, Statement } from '../db/database.ts'
import { RequestError, UnavailableError } from '../errors.ts'
import type { CodeKind } from '../limiters/limiter.ts'
import { newCode } from './new-code.ts'
import { violatedConstraint } from './violated-constraint.ts'

/** What all codes of a batch have in common. */
export interface NewCodes {
  readonly group_id: number
  readonly count: number
  readonly kind: CodeKind
  readonly max_uses: number
  readonly valid_until?: Date | null | undefined
  readonly refill_per_second?: number | null | undefined
  readonly activity_id?: string | null | undefined
}

/** Codes that exist already are left out. Each new one tells its bucket: "unknown" may be remembered there. */
const INSERT: Statement = {
  name: 'create-codes',
  text: `
WITH made AS (
  INSERT INTO redeem_codes (code, group_id, kind, max_uses, valid_until, refill_per_second, activity_id)
  SELECT code, $2, $3, $4, $5, $6, $7 FROM unnest($1::text[]) AS fresh(code)
  ON CONFLICT (code) DO NOTHING
  RETURNING code
), told AS (
  INSERT INTO bucket_outbox (code) SELECT code FROM made
)
SELECT code FROM made`,
}

/** With 80 random bits already the second attempt is a sign that something else is wrong. */
const MAX_ATTEMPTS = 5

/** Makes a batch of codes, all or none. @throws RequestError 404 for a group or an activity that does not exist */
export type CreateCodes = (wanted: NewCodes) => Promise<string[]>

/** @param draw draws a code; two draws may give the same one */
export function createCodeMaker(db: Database, draw: () => string = newCode): CreateCodes {
  async function insert(connection: Connection, wanted: NewCodes, missing: number): Promise<string[]> {
    const drawn = new Set(Array.from({ length: missing }, draw))
    const { group_id, kind, max_uses, valid_until, refill_per_second, activity_id } = wanted
    const validUntil = valid_until?.toISOString() ?? null
    const values = [[...drawn], group_id, kind, max_uses, validUntil, refill_per_second ?? null, activity_id ?? null]
    return (await connection.query<{ code: string }>(INSERT, values)).map(({ code }) => code)
  }

  async function insertAll(connection: Connection, wanted: NewCodes): Promise<string[]> {
    const made: string[] = []
    for (let attempt = 0; made.length < wanted.count; attempt++) {
      if (attempt === MAX_ATTEMPTS) throw new UnavailableError('No codes are found that do not exist yet')
      made.push(...(await insert(connection, wanted, wanted.count - made.length)))
    }
    return made
  }

  return async (wanted) => {
    try {
      return await db.transaction((connection) => insertAll(connection, wanted))
    } catch (error) {
      const missing = MISSING[violatedConstraint(error) ?? '']
      throw missing === undefined ? error : missing()
    }
  }
}

const MISSING: Record<string, () => RequestError> = {
  redeem_codes_group_id_fkey: () => new RequestError(404, 'group_not_found', 'There is no such group'),
  redeem_codes_activity_id_fkey: () => new RequestError(404, 'activity_not_found', 'There is no such activity'),
}
