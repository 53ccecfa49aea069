/** The constraint by which Postgres refused a statement, sent through Sequelize or not; undefined for other errors. */
export function violatedConstraint(error: unknown): string | undefined {
  const { original = error } = error as { original?: unknown }
  return (original as { constraint?: string }).constraint
}
