import type { QueryInterface } from 'sequelize'

/** Goes with a redemption from its request to its job; null, which takes no room, unless its request was traced. */
export async function up({ context: { sequelize } }: { context: QueryInterface }): Promise<void> {
  await sequelize.query('ALTER TABLE outbox ADD COLUMN traceparent text')
}

export async function down({ context: { sequelize } }: { context: QueryInterface }): Promise<void> {
  await sequelize.query('ALTER TABLE outbox DROP COLUMN traceparent')
}
