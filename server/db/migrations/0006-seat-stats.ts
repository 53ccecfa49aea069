import type { QueryInterface } from 'sequelize'

/**
 * Seats of each team, and of each group in the row without a team. The unique index is what REFRESH … CONCURRENTLY
 * asks for; a group without teams has 0 seats.
 */
const UP = `
CREATE MATERIALIZED VIEW team_seat_stats AS
SELECT g.id AS group_id, t.id AS team_id,
       coalesce(sum(t.max_seats), 0)::int AS seats,
       coalesce(sum(t.seats_taken), 0)::int AS taken,
       coalesce(sum(t.max_seats - t.seats_taken), 0)::int AS free
FROM groups g LEFT JOIN teams t ON t.group_id = g.id
GROUP BY GROUPING SETS ((g.id, t.id), (g.id))
HAVING grouping(t.id) = 1 OR t.id IS NOT NULL;
CREATE UNIQUE INDEX team_seat_stats_one_row ON team_seat_stats (group_id, team_id);
CREATE INDEX team_seat_stats_groups ON team_seat_stats (group_id) WHERE team_id IS NULL;
`

const DOWN = 'DROP MATERIALIZED VIEW team_seat_stats'

export async function up({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(UP)
}

export async function down({ context }: { context: QueryInterface }): Promise<void> {
  await context.sequelize.query(DOWN)
}
