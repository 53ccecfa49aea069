import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** Seats of a group. `has_free` is generated. */
export interface Team extends Model<InferAttributes<Team>, InferCreationAttributes<Team>> {
  id: CreationOptional<number>
  group_id: number
  name: string
  max_seats: number
  seats_taken: CreationOptional<number>
  has_free: CreationOptional<boolean>
  created_at: CreationOptional<Date>
}

export function defineTeam(sequelize: Sequelize): ModelStatic<Team> {
  return sequelize.define<Team>(
    'Team',
    {
      id: { type: DataTypes.INTEGER, allowNull: false, primaryKey: true, autoIncrement: true },
      group_id: { type: DataTypes.INTEGER, allowNull: false, references: { model: 'groups', key: 'id' } },
      name: { type: DataTypes.TEXT, allowNull: false },
      max_seats: { type: DataTypes.INTEGER, allowNull: false },
      seats_taken: { type: DataTypes.INTEGER, allowNull: false },
      has_free: { type: DataTypes.BOOLEAN, allowNull: false },
      created_at: { type: DataTypes.DATE, allowNull: false },
    },
    { tableName: 'teams', timestamps: false },
  )
}
