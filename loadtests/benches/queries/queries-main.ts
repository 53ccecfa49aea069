import { randomBytes } from 'node:crypto'
import { Command, InvalidArgumentError } from 'commander'
import { parseWholeNumber } from '../../commands/options.ts'
import { createPlainTable } from '../../report/plain-table.ts'
import { createDatabase, dropDatabase } from '../../sut/database.ts'
import { clearLeftovers } from '../../sut/leftovers.ts'
import { startPostgres } from '../../sut/postgres.ts'
import { createRunDirectory } from '../../sut/run-directory.ts'
import { runCommand } from '../run-command.ts'
import { judgeClaim, type Verdict } from './judge-claim.ts'
import { measureQueries, type QueryResult } from './measure-queries.ts'

interface Options {
  rows: number[]
  repetitions: number
  seed: number
  json: boolean
}

interface SizeResult {
  readonly rows: number
  readonly seconds: number
  readonly queries: readonly QueryResult[]
  readonly verdict: Verdict
}

const HELP = `
Each statement that the system sends again and again and that only reads, on a Postgres of our own with its default
planner settings: by index, and with the indexes that it uses hidden from the planner, in turn. Times are Postgres' own
for planning and execution, from memory that is warm.

Examples:
  npm run bench:queries
  npm run bench:queries -- --rows 10000 --repetitions 3
  npm run --silent bench:queries -- --json > queries.json

Exit codes: 0 measured, whatever the answer · 2 wrong use · 3 Postgres could not be started.`

async function run(options: Options): Promise<void> {
  await clearLeftovers()
  const directory = createRunDirectory(`queries-${randomBytes(6).toString('hex')}`)
  try {
    // Nothing here must outlive a crash, and filling is not what is measured.
    const postgres = await startPostgres({ directory, settings: { fsync: 'off', synchronous_commit: 'off' } })
    try {
      const sizes: SizeResult[] = []
      for (const rows of options.rows) sizes.push(await measureSize(postgres.url, rows, options))
      const { version } = postgres
      process.stdout.write(
        options.json ? `${JSON.stringify({ postgres: version, ...options, sizes })}\n` : render(sizes),
      )
    } finally {
      await postgres.stop()
    }
  } finally {
    await directory.remove()
  }
}

async function measureSize(adminUrl: string, rows: number, options: Options): Promise<SizeResult> {
  const name = `queries_${rows}`
  const startedAt = performance.now()
  const databaseUrl = await createDatabase(adminUrl, name)
  const queries = await measureQueries({ ...options, databaseUrl, rows, say })
  await dropDatabase(adminUrl, name)
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  return { rows, seconds, queries, verdict: judgeClaim(rows, queries) }
}

function render(sizes: readonly SizeResult[]): string {
  return sizes.map(renderSize).join('')
}

function renderSize({ rows, seconds, queries, verdict }: SizeResult): string {
  const table = createPlainTable({
    head: ['query', 'statement', 'ms by index', 'without', 'rows by index', 'without', 'pages by index', 'without'],
    colAligns: ['left', 'left', ...Array.from({ length: 6 }, () => 'right' as const)],
  })
  for (const { name, statement, with_index: by, without_index: without } of queries) {
    const times = [by.median_ms.toFixed(2), without.median_ms.toFixed(2)]
    const counts = [by.rows_read, without.rows_read, by.buffers, without.buffers].map(whole)
    table.push([name, statement === name ? '' : statement, ...times, ...counts])
  }
  return `\n${whole(rows)} rows (${seconds} s with filling)\n\n${table.toString()}\n\n${verdict.sentence}\n`
}

const whole = (value: number) => Math.round(value).toLocaleString('en')

function parseRows(text: string): number[] {
  return text.split(',').map((part) => {
    const rows = Number(part)
    if (Number.isInteger(rows) && rows >= 2_000 && rows <= 10_000_000) return rows
    throw new InvalidArgumentError('expected whole numbers from 2000 to 10000000, separated by commas')
  })
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

await runCommand(
  new Command('bench:queries')
    .description('measure each hot query with and without its index')
    .option('--rows <n,…>', 'sizes of the ledger', parseRows, [10_000, 100_000, 1_000_000])
    .option('--repetitions <n>', 'of each query, each way', parseWholeNumber(1, 1_000), 5)
    .option('--seed <n>', 'decides which way comes first', parseWholeNumber(0), 1)
    .option('--json', 'print the results as JSON', false)
    .addHelpText('after', HELP)
    .action(run),
)
