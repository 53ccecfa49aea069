import { Command, Option } from 'commander'
import { parseWholeNumber } from '../../commands/options.ts'
import { createPlainTable } from '../../report/plain-table.ts'
import { clearLeftovers } from '../../sut/leftovers.ts'
import { runCommand } from '../run-command.ts'
import { BEHAVIOURS, type Observation } from './behaviours.ts'
import { CONTESTS } from './contestants.ts'
import { type Laboratory, openLaboratory } from './laboratory.ts'
import { type ContestResult, runContest } from './run-contest.ts'

interface Options {
  rounds: number
  slot: number
  seed: number
  only?: string
  json: boolean
}

interface BehaviourResult {
  readonly mode: string
  readonly peer: string
  readonly situation: string
  readonly ours: Observation
  readonly peers: Observation
}

const HELP = `
Each limiter mode beside a package from npm that does a similar thing, on a Redis and a Postgres of our own: first
operations per second, in turn within each round; then what becomes of each in situations that really happen.

A ratio above 1 means that ours is faster; the interval is over whole rounds.
Exit codes: 0 fine · 1 ours is slower than a peer beyond doubt, or wrong in a situation · 2 wrong use.`

async function run(options: Options): Promise<void> {
  await clearLeftovers()
  const laboratory = await openLaboratory()
  try {
    const contests: ContestResult[] = []
    for (const contest of CONTESTS.filter(isWanted(options))) {
      say(`${contest.mode} beside ${contest.peer}: ${contest.load}`)
      contests.push(await runContest(laboratory, contest, { ...options, slotMs: options.slot }))
    }
    const behaviours = await observe(laboratory, options)
    process.stdout.write(options.json ? `${JSON.stringify({ contests, behaviours })}\n` : render(contests, behaviours))
    const isSlower = contests.some(({ ratio }) => ratio.high < 1)
    if (isSlower || behaviours.some(({ ours }) => !ours.right)) process.exitCode = 1
  } finally {
    await laboratory.close()
  }
}

async function observe(laboratory: Laboratory, options: Options): Promise<BehaviourResult[]> {
  const results: BehaviourResult[] = []
  for (const { mode, peer, situation, ours, peers } of BEHAVIOURS.filter(isWanted(options))) {
    say(`${mode}: ${situation}`)
    results.push({ mode, peer, situation, ours: await ours(laboratory), peers: await peers(laboratory) })
  }
  return results
}

function render(contests: readonly ContestResult[], behaviours: readonly BehaviourResult[]): string {
  const speed = createPlainTable({
    head: ['mode', 'peer', 'load', 'ours/s', 'peer/s', 'ours ÷ peer', 'Redis commands'],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'left', 'left'],
  })
  for (const { mode, peer, load, ours, peers, ratio, commands } of contests) {
    const interval = `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`
    const counted = `${commands.ours.toFixed(1)} beside ${commands.peers.toFixed(1)}`
    speed.push([mode, peer, load, whole(ours), whole(peers), interval, counted])
  }
  const table = createPlainTable({ head: ['mode', 'situation', 'ours', 'peer'], colWidths: [17, 36, 44, 44] })
  for (const { mode, situation, ours, peers } of behaviours) table.push([mode, situation, mark(ours), mark(peers)])
  return `\n${speed.toString()}\n\n${table.toString()}\n`
}

const isWanted =
  ({ only }: Options) =>
  ({ mode }: { mode: string }) =>
    only === undefined || mode === only
const whole = (value: number) => Math.round(value).toLocaleString('en')
const mark = ({ right, seen }: Observation) => `${right ? '✓' : '✗'} ${seen}`

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

await runCommand(
  new Command('bench:limiters')
    .description('hold each limiter mode beside its peer from npm')
    .option('--rounds <n>', 'rounds of each contest', parseWholeNumber(1, 100), 7)
    .option('--slot <ms>', 'time of each side in a round', parseWholeNumber(100, 60_000), 1_000)
    .option('--seed <n>', 'decides who begins in each round', parseWholeNumber(0), 1)
    .addOption(new Option('--only <mode>', 'one mode').choices([...new Set(CONTESTS.map(({ mode }) => mode))]))
    .option('--json', 'print the results as JSON', false)
    .addHelpText('after', HELP)
    .action(run),
)
