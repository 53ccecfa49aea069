import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** A code whose bucket an administrator's change made stale. */
export interface BucketOutboxEntry
  extends Model<InferAttributes<BucketOutboxEntry>, InferCreationAttributes<BucketOutboxEntry>> {
  id: CreationOptional<string>
  code: string
  created_at: CreationOptional<Date>
}

export function defineBucketOutboxEntry(sequelize: Sequelize): ModelStatic<BucketOutboxEntry> {
  return sequelize.define<BucketOutboxEntry>(
    'BucketOutboxEntry',
    {
      id: { type: DataTypes.BIGINT, allowNull: false, primaryKey: true, autoIncrement: true },
      code: { type: DataTypes.TEXT, allowNull: false },
      created_at: { type: DataTypes.DATE, allowNull: false },
    },
    { tableName: 'bucket_outbox', timestamps: false },
  )
}
