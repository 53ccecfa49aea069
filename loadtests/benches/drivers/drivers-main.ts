import { Command } from 'commander'
import { bootstrapMedian } from '../../analysis/bootstrap.ts'
import { formatCount, formatInterval } from '../../analysis/format.ts'
import { createRandom } from '../../analysis/random.ts'
import { parseSeconds, parseWholeNumber } from '../../commands/options.ts'
import { startGenerator } from '../../drivers/generator.ts'
import { createPlainTable } from '../../report/plain-table.ts'
import type { Interval } from '../../run-file.ts'
import { clearLeftovers } from '../../sut/leftovers.ts'
import { createRunDirectory } from '../../sut/run-directory.ts'
import { startSupervised } from '../../sut/supervisor.ts'
import { runCommand } from '../run-command.ts'
import { type Contestant, findContestants } from './contestants.ts'

interface Options {
  rounds: number
  duration: number
  rate: number
  seed: number
  json: boolean
}

interface Result {
  readonly name: string
  readonly kind: Contestant['kind']
  readonly cpu_us_per_request: Interval
  /** Over that of autocannon in the same round. */
  readonly ratio_to_autocannon: Interval
  readonly requests_per_second: Interval
}

const WANTED_US = 100
/** As many requests as a closed loop makes in two seconds: fewer would measure code that is not compiled yet. */
const WARM_UP = { rate: 4_000, seconds: 6 } as const
const HELP = `
What one request costs each load generator, on a server that answers at once: all of them in random order in each
round. Ratios within a round hold on a noisy machine, absolute times do not. wrk, ab and oha take part where they are
installed; they only count, while ours keep what became of each request. "bare sockets" is what of paced is Node's and the
kernel's: the same pacer, one write and one read per request, and no look at what was answered.`

async function run(options: Options): Promise<void> {
  await clearLeftovers()
  const directory = createRunDirectory('drivers')
  const stops: (() => Promise<unknown>)[] = [() => directory.remove()]
  try {
    const generator = await startGenerator(directory)
    stops.push(() => generator.stop())
    const entry = new URL('../../calibrate/truth-process.ts', import.meta.url)
    const pattern = JSON.stringify({ name: 'no-op', baseMs: 0, stall: null, slow: null, sigma: 0 })
    const server = await startSupervised({ name: 'no-op', entry, args: [pattern], env: {}, directory })
    stops.push(() => server.stop())
    const bareEntry = new URL('./bare-sockets-process.ts', import.meta.url)
    const bare = await startSupervised({ name: 'bare-sockets', entry: bareEntry, env: {}, directory })
    stops.push(() => bare.stop())
    const contestants = await findContestants(generator, bare, directory.path)
    const results = await contest(contestants, server.ready.url ?? '', options)
    process.stdout.write(options.json ? `${JSON.stringify({ results })}\n` : render(results))
  } finally {
    for (const stop of stops.reverse()) await stop().catch(() => {})
  }
}

async function contest(contestants: readonly Contestant[], url: string, options: Options): Promise<Result[]> {
  const random = createRandom(options.seed)
  const slot = { url, seconds: options.duration, rate: options.rate }
  const cpu = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  const rates = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  for (const { load, compiles } of contestants) await load(compiles ? { ...slot, ...WARM_UP } : { ...slot, seconds: 1 })
  for (let round = 1; round <= options.rounds; round++) {
    const order = contestants.map((one) => ({ one, at: random() })).sort((a, b) => a.at - b.at)
    for (const { one } of order) {
      const { requests, cpuMs } = await one.load(slot)
      // What it keeps would otherwise grow; nobody reads it here.
      await (await fetch(url)).arrayBuffer()
      cpu.get(one.name)?.push((1_000 * cpuMs) / Math.max(1, requests))
      rates.get(one.name)?.push(requests / slot.seconds)
      process.stderr.write(
        `  round ${round}/${options.rounds} ${one.name}: ${((1_000 * cpuMs) / Math.max(1, requests)).toFixed(0)} µs\n`,
      )
    }
  }
  const base = cpu.get('autocannon') ?? []
  return contestants.map(({ name, kind }) => {
    const values = cpu.get(name) ?? []
    const ratios = values.map((value, index) => value / (base[index] ?? Number.NaN))
    return {
      name,
      kind,
      cpu_us_per_request: intervalOf(values),
      ratio_to_autocannon: intervalOf(ratios),
      requests_per_second: intervalOf(rates.get(name) ?? []),
    }
  })
}

function intervalOf(values: readonly number[]): Interval {
  const interval = bootstrapMedian(values)
  if (interval === null) throw new RangeError('no round was measured')
  return interval
}

function render(results: readonly Result[]): string {
  const table = createPlainTable({
    head: ['generator', '', 'CPU µs per request', '× autocannon', 'requests/s'],
    colAligns: ['left', 'left', 'right', 'right', 'right'],
  })
  for (const result of results)
    table.push([
      result.name,
      result.kind,
      formatInterval(result.cpu_us_per_request),
      formatInterval(result.ratio_to_autocannon),
      formatCount(result.requests_per_second.median),
    ])
  const cost = (name: string) => results.find((result) => result.name === name)?.cpu_us_per_request.median ?? Number.NaN
  const [paced, bare] = [cost('paced'), cost('bare sockets')]
  const verdict = paced <= WANTED_US ? 'is within' : 'is above'
  return (
    `${table.toString()}\n\npaced ${verdict} the ${WANTED_US} µs that are wanted of it: ${paced.toFixed(0)} µs; ` +
    `${bare.toFixed(0)} µs of them for pacing, one write and one read.\n`
  )
}

await runCommand(
  new Command('bench:drivers')
    .description('what one request costs each load generator')
    .option('--rounds <n>', 'every generator once in each', parseWholeNumber(1, 1_000), 5)
    .option(
      '--duration <seconds>',
      'of each load; what a load costs by itself is in each request of it',
      parseSeconds,
      10,
    )
    .option('--rate <n>', 'people per second of the open loops', parseWholeNumber(1, 20_000), 1_000)
    .option('--seed <n>', 'of the order', parseWholeNumber(0), 1)
    .option('--json', 'print the result alone on stdout', false)
    .addHelpText('after', HELP)
    .action(run),
)
