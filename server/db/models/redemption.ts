import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** A row of the ledger. `active`, `unfinished` and `lingering` are generated from the status. */
export interface Redemption extends Model<InferAttributes<Redemption>, InferCreationAttributes<Redemption>> {
  id: string
  code: string
  email: string
  status: string
  active: CreationOptional<boolean>
  unfinished: CreationOptional<boolean>
  lingering: CreationOptional<boolean>
  accepted_at: Date
  deadline_at: Date
  updated_at: CreationOptional<Date>
  team_id: CreationOptional<number | null>
  claim_token: CreationOptional<string | null>
  claimed_until: CreationOptional<Date | null>
  outcome_unknown: CreationOptional<boolean>
  sent_at: CreationOptional<Date | null>
  refund_reason: CreationOptional<string | null>
  refunded_at: CreationOptional<Date | null>
}

export function defineRedemption(sequelize: Sequelize): ModelStatic<Redemption> {
  return sequelize.define<Redemption>(
    'Redemption',
    {
      id: { type: DataTypes.UUID, allowNull: false, primaryKey: true },
      code: { type: DataTypes.TEXT, allowNull: false },
      email: { type: DataTypes.TEXT, allowNull: false },
      status: { type: DataTypes.TEXT, allowNull: false },
      active: { type: DataTypes.BOOLEAN, allowNull: false },
      unfinished: { type: DataTypes.BOOLEAN, allowNull: false },
      lingering: { type: DataTypes.BOOLEAN, allowNull: false },
      accepted_at: { type: DataTypes.DATE, allowNull: false },
      deadline_at: { type: DataTypes.DATE, allowNull: false },
      updated_at: { type: DataTypes.DATE, allowNull: false },
      team_id: { type: DataTypes.INTEGER, references: { model: 'teams', key: 'id' } },
      claim_token: { type: DataTypes.UUID },
      claimed_until: { type: DataTypes.DATE },
      outcome_unknown: { type: DataTypes.BOOLEAN, allowNull: false },
      sent_at: { type: DataTypes.DATE },
      refund_reason: { type: DataTypes.TEXT },
      refunded_at: { type: DataTypes.DATE },
    },
    { tableName: 'redemptions', timestamps: false },
  )
}
