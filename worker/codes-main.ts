import { Command, CommanderError } from 'commander'
import { commonEnvironment } from '../server/config.ts'
import { createDatabase } from '../server/db/database.ts'
import { parseEnvironment } from '../server/environment.ts'
import { exitWith } from '../server/lifecycle.ts'
import { createMetrics } from '../server/metrics/metrics.ts'
import { type CodeRepair, createRepair, type Repair } from '../server/redeem/repair.ts'
import { connectRedis, untilReady } from '../server/redis/connect.ts'
import { createKeys } from '../server/redis/keys.ts'
import { trackRunId } from '../server/redis/run-id.ts'
import { renderInspection, renderRepair, renderTotals } from './render-codes.ts'

/** Fine, or mended · differences found and left alone · wrong use. A store that cannot be reached is 3. */
const [FINE, DIFFERS, WRONG_USE] = [0, 1, 2]
const REACH_MS = 5_000
const STATEMENT_TIMEOUT_MS = 30_000

const HELP = `
What used_count and a bucket should be follows from the ledger: the rows of redemptions.
  used_count  rows that hold a use (reserved … sent) and those that held one until they expired
  bucket      max_uses less those, less refunds under way, less what it accepted and the stream still carries
A number from Redis never enters Postgres: counts are set from the rows, buckets are rebuilt by the scheduler.
Redemptions may go on meanwhile. Nothing is changed without --apply.

Examples:
  $ npm run codes -- show HOT                 what ledger and bucket say
  $ npm run codes -- repair HOT               what a repair would do
  $ npm run codes -- repair HOT --apply       does it
  $ npm run codes -- sync --all --apply       every code; the job sync-redeem-counts does the same every 10 minutes

Exit codes: 0 fine, or mended; 1 differences were found and left alone; 2 wrong use; 3 a store cannot be reached.
It takes DATABASE_URL, REDIS_URL, REDIS_KEY_PREFIX and LEDGER_SHARDS from the environment, as the processes do.`

interface Flags {
  readonly json?: true
  readonly apply?: true
  readonly all?: true
}

function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('codes')
    .description('Holds codes and their buckets against the ledger, and mends them.')
    .exitOverride()
    .showHelpAfterError('(npm run codes -- --help tells more)')
    .addHelpText('after', HELP)
  const perform = (work: (repair: Repair) => Promise<number>) => withRepair(work).then(setExitCode)
  program
    .command('show <code>')
    .description('what the ledger and the bucket say of a code')
    .option('--json', 'one line of JSON')
    .action((code: string, flags: Flags) => perform((repair) => show(repair, code, flags)))
  program
    .command('repair <code>')
    .description('what would mend a code; with --apply it is done')
    .option('--apply', 'do it')
    .option('--json', 'one line of JSON')
    .action((code: string, flags: Flags) => perform((repair) => mend(repair, code, flags)))
  program
    .command('sync')
    .description('the same for every code')
    .requiredOption('--all', 'every code')
    .option('--apply', 'do it')
    .option('--json', 'one line of JSON')
    .action((flags: Flags) => perform((repair) => mendAll(repair, flags)))
  return program
}

async function withRepair(work: (repair: Repair) => Promise<number>): Promise<number> {
  const config = parseEnvironment(commonEnvironment, process.env)
  const metrics = createMetrics()
  const settings = { poolMax: 1, acquireMs: REACH_MS, statementTimeoutMs: STATEMENT_TIMEOUT_MS } as const
  const db = createDatabase({ url: config.DATABASE_URL, cause: 'background', metrics, ...settings })
  const redis = connectRedis({ url: config.REDIS_URL, cause: 'background', metrics, onError: () => {} })
  const runId = trackRunId(redis)
  const keys = createKeys(config.REDIS_KEY_PREFIX, config.LEDGER_SHARDS)
  try {
    await Promise.all([untilReady(redis, REACH_MS), db.sequelize.authenticate({ logging: false })])
    return await work(createRepair({ db, redis, runId, keys }))
  } finally {
    redis.disconnect()
    await db.close()
  }
}

async function show(repair: Repair, code: string, { json }: Flags): Promise<number> {
  const inspection = await repair.inspect(code)
  if (inspection === undefined) return unknown(code)
  print(json ? JSON.stringify(inspection) : renderInspection(inspection))
  return inspection.differences.length === 0 ? FINE : DIFFERS
}

async function mend(repair: Repair, code: string, { apply, json }: Flags): Promise<number> {
  const repaired = await repair.repair(code, { dryRun: !apply })
  if (repaired === undefined) return unknown(code)
  print(json ? JSON.stringify(repaired) : renderRepair(repaired))
  return judge([repaired])
}

async function mendAll(repair: Repair, { apply, json }: Flags): Promise<number> {
  const repairs: CodeRepair[] = []
  let codes = 0
  for await (const page of repair.repairAll({ dryRun: !apply })) {
    codes += page.codes
    repairs.push(...page.repairs)
    if (!json) for (const repaired of page.repairs) print(renderRepair(repaired))
  }
  const totals = { codes, differing: repairs.length, dryRun: !apply }
  print(json ? JSON.stringify({ ...totals, repairs }) : renderTotals(totals))
  return judge(repairs)
}

const judge = (repairs: readonly CodeRepair[]) =>
  repairs.some(({ actions, dryRun }) => dryRun && actions.length > 0) ? DIFFERS : FINE

function unknown(code: string): number {
  process.stderr.write(`redline codes: there is no code ${JSON.stringify(code)}\n`)
  return WRONG_USE
}

const print = (text: string) => void process.stdout.write(`${text}\n`)

createProgram((code) => {
  process.exitCode = code
})
  .parseAsync()
  .catch((error: unknown) => {
    if (!(error instanceof CommanderError)) exitWith('codes', error)
    process.exitCode = error.exitCode === 0 ? FINE : WRONG_USE
  })
