import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** The one place in line of a user, which a partitioned table cannot hold. */
export interface QueueClaim extends Model<InferAttributes<QueueClaim>, InferCreationAttributes<QueueClaim>> {
  activity_id: string
  user_hash: string
  session_id: string
  seq: string
  created_at: CreationOptional<Date>
  pass_used_for: CreationOptional<string | null>
}

export function defineQueueClaim(sequelize: Sequelize): ModelStatic<QueueClaim> {
  return sequelize.define<QueueClaim>(
    'QueueClaim',
    {
      activity_id: {
        type: DataTypes.UUID,
        allowNull: false,
        primaryKey: true,
        references: { model: 'activities', key: 'id' },
        unique: 'queue_claims_activity_id_seq_key',
      },
      user_hash: { type: DataTypes.TEXT, allowNull: false, primaryKey: true },
      session_id: { type: DataTypes.UUID, allowNull: false },
      seq: { type: DataTypes.BIGINT, allowNull: false, unique: 'queue_claims_activity_id_seq_key' },
      created_at: { type: DataTypes.DATE, allowNull: false },
      pass_used_for: { type: DataTypes.TEXT },
    },
    { tableName: 'queue_claims', timestamps: false },
  )
}
