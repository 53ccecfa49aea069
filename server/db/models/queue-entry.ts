import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** Somebody who entered a waiting room; partitioned by month. */
export interface QueueEntry extends Model<InferAttributes<QueueEntry>, InferCreationAttributes<QueueEntry>> {
  id: CreationOptional<string>
  activity_id: string
  tenant: string
  session_id: string
  user_hash: string
  seq: string
  ip_hash: CreationOptional<string | null>
  fingerprint: CreationOptional<string | null>
  created_at: CreationOptional<Date>
}

export function defineQueueEntry(sequelize: Sequelize): ModelStatic<QueueEntry> {
  return sequelize.define<QueueEntry>(
    'QueueEntry',
    {
      id: { type: DataTypes.BIGINT, allowNull: false, primaryKey: true, autoIncrement: true },
      activity_id: { type: DataTypes.UUID, allowNull: false },
      tenant: { type: DataTypes.TEXT, allowNull: false },
      session_id: { type: DataTypes.UUID, allowNull: false },
      user_hash: { type: DataTypes.TEXT, allowNull: false },
      seq: { type: DataTypes.BIGINT, allowNull: false },
      ip_hash: { type: DataTypes.TEXT },
      fingerprint: { type: DataTypes.TEXT },
      created_at: { type: DataTypes.DATE, allowNull: false, primaryKey: true },
    },
    { tableName: 'queue_entries', timestamps: false },
  )
}
