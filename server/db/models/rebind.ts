import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** A holder who moves from one team to another. */
export interface Rebind extends Model<InferAttributes<Rebind>, InferCreationAttributes<Rebind>> {
  id: string
  redemption_id: string
  code: string
  email: string
  from_team_id: number
  to_team_id: number
  status: CreationOptional<string>
  claim_token: CreationOptional<string | null>
  claimed_until: CreationOptional<Date | null>
  created_at: CreationOptional<Date>
  updated_at: CreationOptional<Date>
  sent_at: CreationOptional<Date | null>
}

export function defineRebind(sequelize: Sequelize): ModelStatic<Rebind> {
  return sequelize.define<Rebind>(
    'Rebind',
    {
      id: { type: DataTypes.UUID, allowNull: false, primaryKey: true },
      redemption_id: { type: DataTypes.UUID, allowNull: false, references: { model: 'redemptions', key: 'id' } },
      code: { type: DataTypes.TEXT, allowNull: false },
      email: { type: DataTypes.TEXT, allowNull: false },
      from_team_id: { type: DataTypes.INTEGER, allowNull: false, references: { model: 'teams', key: 'id' } },
      to_team_id: { type: DataTypes.INTEGER, allowNull: false, references: { model: 'teams', key: 'id' } },
      status: { type: DataTypes.TEXT, allowNull: false },
      claim_token: { type: DataTypes.UUID },
      claimed_until: { type: DataTypes.DATE },
      created_at: { type: DataTypes.DATE, allowNull: false },
      updated_at: { type: DataTypes.DATE, allowNull: false },
      sent_at: { type: DataTypes.DATE },
    },
    { tableName: 'rebinds', timestamps: false },
  )
}
