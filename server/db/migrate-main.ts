import { Sequelize } from 'sequelize'
import { z } from 'zod'
import { commonEnvironment } from '../config.ts'
import { parseEnvironment } from '../environment.ts'
import { exitWith } from '../lifecycle.ts'
import { migrateDown, migrateUp, pendingMigrations } from './migrate.ts'

const CONNECT_TIMEOUT_MS = 5_000
const USAGE = 'Usage: npm run migrate -- up | down | down-all | pending   (DATABASE_URL names the database)\n'

async function main(direction = 'up'): Promise<void> {
  const { DATABASE_URL } = parseEnvironment(z.object(commonEnvironment.pick({ DATABASE_URL: true }).shape), process.env)
  // A migration itself may take as long as it takes.
  const sequelize = new Sequelize(DATABASE_URL, {
    dialect: 'postgres',
    logging: false,
    pool: { max: 3 },
    dialectOptions: { connectionTimeoutMillis: CONNECT_TIMEOUT_MS },
  })
  const commands: Record<string, () => Promise<string[]>> = {
    up: () => migrateUp(sequelize),
    down: () => migrateDown(sequelize),
    'down-all': () => migrateDown(sequelize, true),
    pending: () => pendingMigrations(sequelize),
  }
  const command = commands[direction]
  if (command === undefined) {
    process.stderr.write(USAGE)
    process.exit(2)
  }
  const names = await command()
  process.stdout.write(
    names.length === 0 ? 'nothing to do\n' : `${names.map((name) => `${direction} ${name}`).join('\n')}\n`,
  )
  await sequelize.close()
}

main(process.argv[2]).catch((error: unknown) => exitWith('migrate', error))
