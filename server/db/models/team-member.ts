import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

/** A seat that is taken. */
export interface TeamMember extends Model<InferAttributes<TeamMember>, InferCreationAttributes<TeamMember>> {
  team_id: number
  seat_no: number
  redemption_id: string
  email: string
  joined_at: CreationOptional<Date>
  valid_until: CreationOptional<Date | null>
}

export function defineTeamMember(sequelize: Sequelize): ModelStatic<TeamMember> {
  return sequelize.define<TeamMember>(
    'TeamMember',
    {
      team_id: {
        type: DataTypes.INTEGER,
        allowNull: false,
        primaryKey: true,
        references: { model: 'teams', key: 'id' },
      },
      seat_no: { type: DataTypes.INTEGER, allowNull: false, primaryKey: true },
      redemption_id: { type: DataTypes.UUID, allowNull: false, unique: true },
      email: { type: DataTypes.TEXT, allowNull: false },
      joined_at: { type: DataTypes.DATE, allowNull: false },
      valid_until: { type: DataTypes.DATE },
    },
    { tableName: 'team_members', timestamps: false },
  )
}
