import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** What the relay has to put into the queue; for a rebind `redemption_id` holds the id of the rebind. */
export interface OutboxEntry extends Model<InferAttributes<OutboxEntry>, InferCreationAttributes<OutboxEntry>> {
  redemption_id: string
  status: CreationOptional<'pending' | 'done'>
  created_at: CreationOptional<Date>
  kind: CreationOptional<'invite' | 'rebind'>
  traceparent: CreationOptional<string | null>
}

export function defineOutboxEntry(sequelize: Sequelize): ModelStatic<OutboxEntry> {
  return sequelize.define<OutboxEntry>(
    'OutboxEntry',
    {
      redemption_id: { type: DataTypes.UUID, allowNull: false, primaryKey: true },
      status: { type: DataTypes.TEXT, allowNull: false },
      created_at: { type: DataTypes.DATE, allowNull: false },
      kind: { type: DataTypes.TEXT, allowNull: false },
      traceparent: { type: DataTypes.TEXT },
    },
    { tableName: 'outbox', timestamps: false },
  )
}
