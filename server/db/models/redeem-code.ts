import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'
import type { CodeKind } from '../../limiters/limiter.ts'

/** A code with its uses; a personal one has a single use and is bound to whoever takes it. */
export interface RedeemCode extends Model<InferAttributes<RedeemCode>, InferCreationAttributes<RedeemCode>> {
  code: string
  group_id: number
  kind: CreationOptional<CodeKind>
  max_uses: number
  used_count: CreationOptional<number>
  is_active: CreationOptional<boolean>
  valid_until: CreationOptional<Date | null>
  refill_per_second: CreationOptional<number | null>
  bound_email: CreationOptional<string | null>
  activated_at: CreationOptional<Date | null>
  created_at: CreationOptional<Date>
  activity_id: CreationOptional<string | null>
}

export function defineRedeemCode(sequelize: Sequelize): ModelStatic<RedeemCode> {
  return sequelize.define<RedeemCode>(
    'RedeemCode',
    {
      code: { type: DataTypes.TEXT, allowNull: false, primaryKey: true },
      group_id: { type: DataTypes.INTEGER, allowNull: false, references: { model: 'groups', key: 'id' } },
      kind: { type: DataTypes.TEXT, allowNull: false },
      max_uses: { type: DataTypes.INTEGER, allowNull: false },
      used_count: { type: DataTypes.INTEGER, allowNull: false },
      is_active: { type: DataTypes.BOOLEAN, allowNull: false },
      valid_until: { type: DataTypes.DATE },
      refill_per_second: { type: DataTypes.DOUBLE },
      bound_email: { type: DataTypes.TEXT },
      activated_at: { type: DataTypes.DATE },
      created_at: { type: DataTypes.DATE, allowNull: false },
      activity_id: { type: DataTypes.UUID, references: { model: 'activities', key: 'id' } },
    },
    { tableName: 'redeem_codes', timestamps: false },
  )
}
