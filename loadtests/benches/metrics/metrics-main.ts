import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import pg from 'pg'
import { parseSeconds } from '../../commands/options.ts'
import { startGenerator } from '../../drivers/generator.ts'
import { createPlainTable } from '../../report/plain-table.ts'
import { LIMITER_MODES } from '../../run-file.ts'
import { clearLeftovers } from '../../sut/leftovers.ts'
import { createRunDirectory, type RunDirectory } from '../../sut/run-directory.ts'
import { startStores } from '../../sut/stores.ts'
import { migrate } from '../../sut/system.ts'
import { runCommand } from '../run-command.ts'
import { type ModeCost, measureMode, PROFILE } from './measure-mode.ts'
import { OPERATIONS, type Operation, timeOperations } from './time-operations.ts'

/** Share of an accept's CPU that metrics may take. */
const WANTED = 0.03

const HELP = `
Counts what one accepted redemption writes into the server's metrics (from the growth of the metrics themselves, under
load, while nothing drains), times each kind of write by itself, and holds the product against the server's CPU.

Exit codes: 0 measured, whatever the answer · 2 wrong use · 3 the system could not be started.`

interface Options {
  duration: number
  json: boolean
}

async function run({ duration, json }: Options): Promise<void> {
  await clearLeftovers()
  const directory = createRunDirectory(`metrics-${randomBytes(6).toString('hex')}`)
  try {
    const nanoseconds = await timeOperations()
    const modes = await measureModes(directory, duration)
    const costs = modes.map((cost) => ({ ...cost, share: shareOf(cost, nanoseconds) }))
    process.stdout.write(json ? `${JSON.stringify({ nanoseconds, modes: costs })}\n` : render(costs, nanoseconds))
  } finally {
    await directory.remove()
  }
}

async function measureModes(directory: RunDirectory, seconds: number): Promise<ModeCost[]> {
  const stores = await startStores({
    directory,
    allowNonempty: false,
    dbLatencyMs: 0,
    redisLatencyMs: 0,
    profile: PROFILE,
  })
  const generator = await startGenerator(directory)
  const client = new pg.Client({ connectionString: stores.postgres.url })
  client.on('error', () => {})
  try {
    await migrate(stores)
    await client.connect()
    const costs: ModeCost[] = []
    for (const mode of LIMITER_MODES) {
      costs.push(await measureMode(mode, { stores, client, generator, directory, seconds }))
      process.stderr.write(`  ${mode}: ${costs.at(-1)?.accepted} accepted\n`)
    }
    return costs
  } finally {
    await client.end()
    await generator.stop()
    await stores.stop()
  }
}

function microsecondsOf({ operations }: ModeCost, nanoseconds: Record<Operation, number>): number {
  return OPERATIONS.reduce((sum, name) => sum + operations[name] * nanoseconds[name], 0) / 1_000
}

const shareOf = (cost: ModeCost, nanoseconds: Record<Operation, number>) =>
  microsecondsOf(cost, nanoseconds) / cost.cpuMicroseconds

function render(costs: readonly (ModeCost & { share: number })[], nanoseconds: Record<Operation, number>): string {
  const head = ['mode', ...OPERATIONS.map((name) => `${name} (${nanoseconds[name].toFixed(0)} ns)`), 'metrics µs']
  const table = createPlainTable({ head: [...head, 'accept CPU µs', 'share'], colAligns: ['left'] })
  for (const cost of costs)
    table.push([
      cost.mode,
      ...OPERATIONS.map((name) => cost.operations[name].toFixed(2)),
      microsecondsOf(cost, nanoseconds).toFixed(2),
      cost.cpuMicroseconds.toFixed(0),
      `${(100 * cost.share).toFixed(2)} %`,
    ])
  const most = Math.max(...costs.map(({ share }) => share))
  const verdict = most <= WANTED ? 'within' : 'above'
  return `${table.toString()}\n\nAt most ${(100 * most).toFixed(2)} % of an accept's CPU: ${verdict} the ${100 * WANTED} % that are allowed.\n`
}

await runCommand(
  new Command('bench:metrics')
    .description("what the server's metrics cost an accepted redemption")
    .option('--duration <seconds>', 'of the load in each mode', parseSeconds, 5)
    .option('--json', 'print the result alone on stdout', false)
    .addHelpText('after', HELP)
    .action(run),
)
