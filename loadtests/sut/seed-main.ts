import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { seedLoadCode, seedSample } from './redeem-data.ts'

/** Makes the sample codes and one for load, unless they are there: a service of `compose/compose.yaml`. */
const { values } = parseArgs({
  options: {
    'database-url-file': { type: 'string' },
    code: { type: 'string', default: 'LOAD' },
    uses: { type: 'string', default: '200000' },
  },
})
const uses = Number(values.uses)
const url = values['database-url-file']
  ? readFileSync(values['database-url-file'], 'utf8').trim()
  : process.env['DATABASE_URL']
if (!url || !Number.isInteger(uses) || uses < 1) {
  process.stderr.write(
    'Usage: seed-main.ts [--database-url-file FILE] [--code LOAD] [--uses 200000]   (or DATABASE_URL names the database)\n',
  )
  process.exit(2)
}
const client = new pg.Client({ connectionString: url })
await client.connect()
try {
  await seedSample(client)
  await seedLoadCode(client, { code: values.code, maxUses: uses })
} finally {
  await client.end()
}
process.stdout.write(`codes WELCOME, PERSONAL-1 to PERSONAL-20 and ${values.code} (${uses} uses) are there\n`)
