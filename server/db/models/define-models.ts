import type { Sequelize } from 'sequelize'
import { defineActivity } from './activity.ts'
import { defineBucketOutboxEntry } from './bucket-outbox-entry.ts'
import { defineGroup } from './group.ts'
import { defineInviteRecord } from './invite-record.ts'
import { defineOutboxEntry } from './outbox-entry.ts'
import { defineQueueClaim } from './queue-claim.ts'
import { defineQueueEntry } from './queue-entry.ts'
import { defineRebind } from './rebind.ts'
import { defineRedeemCode } from './redeem-code.ts'
import { defineRedemption } from './redemption.ts'
import { defineTeam } from './team.ts'
import { defineTeamMember } from './team-member.ts'

/**
 * One model per table, for the administrators' side: what people wait for goes by statements of its own (`ledger`).
 * Attributes bear the columns' names, which are the API's names too. The migrations make the tables; a test holds each
 * model against them. Name the `fields` when you create: what Postgres fills in by itself has no default here.
 */
export function defineModels(sequelize: Sequelize) {
  return {
    Activity: defineActivity(sequelize),
    BucketOutboxEntry: defineBucketOutboxEntry(sequelize),
    Group: defineGroup(sequelize),
    InviteRecord: defineInviteRecord(sequelize),
    OutboxEntry: defineOutboxEntry(sequelize),
    QueueClaim: defineQueueClaim(sequelize),
    QueueEntry: defineQueueEntry(sequelize),
    Rebind: defineRebind(sequelize),
    RedeemCode: defineRedeemCode(sequelize),
    Redemption: defineRedemption(sequelize),
    Team: defineTeam(sequelize),
    TeamMember: defineTeamMember(sequelize),
  }
}

export type Models = ReturnType<typeof defineModels>
