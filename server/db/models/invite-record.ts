import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** What became of an invite; partitioned by month. */
export interface InviteRecord extends Model<InferAttributes<InviteRecord>, InferCreationAttributes<InviteRecord>> {
  id: CreationOptional<string>
  redemption_id: string
  team_id: CreationOptional<number | null>
  email: string
  status: 'sent' | 'refunded'
  created_at: CreationOptional<Date>
}

export function defineInviteRecord(sequelize: Sequelize): ModelStatic<InviteRecord> {
  return sequelize.define<InviteRecord>(
    'InviteRecord',
    {
      id: { type: DataTypes.BIGINT, allowNull: false, primaryKey: true, autoIncrement: true },
      redemption_id: { type: DataTypes.UUID, allowNull: false },
      team_id: { type: DataTypes.INTEGER },
      email: { type: DataTypes.TEXT, allowNull: false },
      status: { type: DataTypes.TEXT, allowNull: false },
      created_at: { type: DataTypes.DATE, allowNull: false, primaryKey: true },
    },
    { tableName: 'invite_records', timestamps: false },
  )
}
