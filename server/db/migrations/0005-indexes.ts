import type { QueryInterface } from 'sequelize'
import { buildIndex, dropIndex, type Index } from '../build-index.ts'

/**
 * What is not here because it stands already: the primary key of `team_members` begins with the team; its email and a
 * code's `bound_email` were indexed with their tables. The status of the outbox is indexed by `outbox_pending`, which holds
 * only what waits, in its order: an index over both statuses would grow with all that is done, and nobody asks for that.
 *
 * Nothing here is over a column that the way of a redemption changes (`status`, `updated_at`, `used_count`,
 * `seats_taken`), so that those updates stay heap-only.
 */
const INDEXES: readonly Index[] = [
  { name: 'invite_records_team', table: 'invite_records', on: '(team_id)' },
  { name: 'invite_records_email', table: 'invite_records', on: '(email)' },
  { name: 'invite_records_status', table: 'invite_records', on: '(status)' },
  { name: 'invite_records_created_at', table: 'invite_records', on: '(created_at)' },
  { name: 'activities_tenant_status', table: 'activities', on: '(tenant, status)' },
  { name: 'activities_start_end', table: 'activities', on: '(start_at, end_at)' },
  { name: 'queue_entries_activity_seq', table: 'queue_entries', on: '(activity_id, seq)' },
  { name: 'queue_entries_activity_user', table: 'queue_entries', on: '(activity_id, user_hash)' },
  { name: 'queue_entries_created_at', table: 'queue_entries', on: '(created_at)' },
  // A page of a group's teams, and of its codes or the codes of a kind.
  { name: 'teams_group', table: 'teams', on: '(group_id, id)' },
  { name: 'redeem_codes_group', table: 'redeem_codes', on: '(group_id, code)' },
  { name: 'redeem_codes_kind', table: 'redeem_codes', on: '(kind, code)' },
  // Codes whose buckets a server loads before it is ready: personal codes that are taken are the most, and left out.
  { name: 'redeem_codes_to_load', table: 'redeem_codes', on: '(code) WHERE is_active AND bound_email IS NULL' },
]

export async function up({ context: { sequelize } }: { context: QueryInterface }): Promise<void> {
  for (const index of INDEXES) await buildIndex(sequelize, index)
}

export async function down({ context: { sequelize } }: { context: QueryInterface }): Promise<void> {
  for (const index of [...INDEXES].reverse()) await dropIndex(sequelize, index)
}
