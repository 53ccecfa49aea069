import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** A waiting room. `released_before` people were released before `opened_at`; the others follow from the rate. */
export interface Activity extends Model<InferAttributes<Activity>, InferCreationAttributes<Activity>> {
  id: string
  tenant: string
  name: string
  status: CreationOptional<'draft' | 'open' | 'closed'>
  start_at: CreationOptional<Date | null>
  end_at: CreationOptional<Date | null>
  release_per_second: number
  released_before: CreationOptional<string>
  opened_at: CreationOptional<Date | null>
  created_at: CreationOptional<Date>
  updated_at: CreationOptional<Date>
  /** Up to which number a place in line may have been given out. */
  numbers_reserved: CreationOptional<string>
}

export function defineActivity(sequelize: Sequelize): ModelStatic<Activity> {
  return sequelize.define<Activity>(
    'Activity',
    {
      id: { type: DataTypes.UUID, allowNull: false, primaryKey: true },
      tenant: { type: DataTypes.TEXT, allowNull: false },
      name: { type: DataTypes.TEXT, allowNull: false },
      status: { type: DataTypes.TEXT, allowNull: false },
      start_at: { type: DataTypes.DATE },
      end_at: { type: DataTypes.DATE },
      release_per_second: { type: DataTypes.DOUBLE, allowNull: false },
      released_before: { type: DataTypes.BIGINT, allowNull: false },
      opened_at: { type: DataTypes.DATE },
      created_at: { type: DataTypes.DATE, allowNull: false },
      updated_at: { type: DataTypes.DATE, allowNull: false },
      numbers_reserved: { type: DataTypes.BIGINT, allowNull: false },
    },
    { tableName: 'activities', timestamps: false },
  )
}
