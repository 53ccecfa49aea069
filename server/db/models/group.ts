import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** A pool of teams; codes draw their seats from one. */
export interface Group extends Model<InferAttributes<Group>, InferCreationAttributes<Group>> {
  id: CreationOptional<number>
  name: string
  /** How long a membership lasts; null: for ever. */
  member_days: CreationOptional<number | null>
  created_at: CreationOptional<Date>
}

export function defineGroup(sequelize: Sequelize): ModelStatic<Group> {
  return sequelize.define<Group>(
    'Group',
    {
      id: { type: DataTypes.INTEGER, allowNull: false, primaryKey: true, autoIncrement: true },
      name: { type: DataTypes.TEXT, allowNull: false, unique: true },
      member_days: { type: DataTypes.INTEGER },
      created_at: { type: DataTypes.DATE, allowNull: false },
    },
    { tableName: 'groups', timestamps: false },
  )
}
