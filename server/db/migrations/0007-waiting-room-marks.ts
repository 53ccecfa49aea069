import type { QueryInterface } from 'sequelize'

/**
 * What a waiting room must not forget when Redis forgets all: up to which number it may have given numbers out
 * (`numbers_reserved`, written before the numbers are given), and for whom a pass was used.
 */
const UP = `
ALTER TABLE activities ADD COLUMN numbers_reserved bigint NOT NULL DEFAULT 0 CHECK (numbers_reserved >= 0);
ALTER TABLE queue_claims ADD COLUMN pass_used_for text;
COMMENT ON COLUMN queue_claims.pass_used_for IS 'hash of the code and email that this person''s pass was used for';
`

const DOWN = `
ALTER TABLE queue_claims DROP COLUMN pass_used_for;
ALTER TABLE activities DROP COLUMN numbers_reserved;
`

export async function up({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(UP)
}

export async function down({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(DOWN)
}
