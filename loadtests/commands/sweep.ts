import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { PointsRun } from '../points/points-file.ts'
import { runPoints } from '../points/run-points.ts'
import { createProgressReport } from '../report/progress.ts'
import { renderSweepTerminal } from '../report/sweep/sweep-terminal.ts'
import { writeSweepReports } from '../report/sweep/write-sweep.ts'
import { showsColour } from '../report/terminal-report.ts'
import { LIMITER_MODES } from '../run-file.ts'
import { analyseSweep } from '../sweep/analyse-sweep.ts'
import { KNOB_NAMES, KNOBS, type Variation } from '../sweep/knobs.ts'
import { parseVariation } from '../sweep/parse-variation.ts'
import type { SweepSummary } from '../sweep/sweep-file.ts'
import { GUIDE_TARGETS } from '../targets/load-targets.ts'
import { inRunDirectory } from './in-run-directory.ts'
import { parseChoice, parseSeconds, parseWholeNumber } from './options.ts'
import { describeSweep, planSweep, roundsOf, type SweepChoices } from './plan-sweep.ts'
import { parseRate } from './rate-option.ts'
import { sweepProfiles } from './sweep-profiles.ts'
import { addSystemOptions, allowNonempty } from './system-options.ts'
import { warmUpOption } from './warm-up-option.ts'

interface SweepOptions extends SweepChoices {
  profiles: boolean
  targets: string
  seed?: number
  out: string
  json: boolean
}

const EXAMPLES = `
Knobs:
${KNOB_NAMES.map((name) => `  ${name.padEnd(20)} ${KNOBS[name].label} (1 to ${KNOBS[name].most})`).join('\n')}

Each round tries every point once in random order, each on clean data; points of one size share processes within a round.
Of pools it says where the throughput stops to rise and why, and the smallest pool within 3 % of the best; of connections
the Universal Scalability Law; of two knobs it draws a heat map. Workers and jobs at a time are compared by how fast
invites go out.

Examples:
  npm run sweep -- --vary pool=2,5,10,20,50 --mode none --db-latency 2ms   which pool is enough
  npm run sweep -- --vary connections=1..64                     throughput and latency against the load
  npm run sweep -- --vary connections=8,32 --vary pool=5,20 --mode none    both: a heat map
  npm run sweep -- --vary workers=1,2,4                         how fast invites go out
  npm run sweep -- --vary codes=1,10,1000 --mode none           what a hot row costs
  npm run sweep -- --vary pool=5,10,20 --mode none --rate 300   open loop: latency at a given rate
  npm run sweep -- --profiles                                   the guide's boxes, stores 0 and 2 ms away
  npm run --silent sweep -- --vary pool=5,10 --mode none --json | jq .recommendation

Environment:
  DATABASE_URL, REDIS_URL   use these servers instead of starting some (they must be empty)
  NO_COLOR                  no colours`

/** `sweep`: one knob or two over their values. */
export function createSweepCommand(): Command {
  const command = new Command('sweep')
    .description('vary one knob or two, and see what they do')
    .addOption(
      new Option('--vary <knob=values>', 'what is varied, at most two: pool=5,10,20, or doubling connections=1..64')
        .argParser((value, before: Variation[]) => [...before, parseVariation(value)])
        .default([], 'nothing'),
    )
    .option('--profiles', 'instead: how many users each of the boxes of the guide carries (about half an hour)', false)
    .option(
      '--mode <mode>',
      `${LIMITER_MODES.join(', ')} (with --profiles: none, which the pool matters to)`,
      parseChoice(LIMITER_MODES),
      'token-bucket',
    )
    .option(
      '--connections <n>',
      'closed loop: people at a time (default: 50); open loop: at most (1000)',
      parseWholeNumber(1, KNOBS.connections.most),
    )
    .option('--codes <n>', 'codes that are redeemed; 1 is one hot row', parseWholeNumber(1, KNOBS.codes.most), 1)
    .option('--rate <people/s>', 'open loop: 200, or a ramp 50..500, or steps 100,200,400', parseRate)
    .option('--drain <when>', 'what goes on behind the answers meanwhile', parseChoice(['paused', 'running']), 'paused')
    .option('--duration <seconds>', 'of each load (default: 3, open loop 10)', parseSeconds)
    .option('--rounds <n>', 'trials of each point (default: 5)', parseWholeNumber(1, 10_000))
  return addSystemOptions(command, { concurrency: 100 })
    .addOption(warmUpOption())
    .option('--targets <file>', 'says what a user is, for --profiles', GUIDE_TARGETS)
    .option('--quick', 'fewer and shorter trials: a first look, not a conclusion', false)
    .option('--seed <n>', 'of the order of trials and of the data (default: drawn)', parseWholeNumber(0))
    .option('--out <directory>', 'where the run is written', 'reports')
    .option('--json', 'print the summary alone on stdout', false)
    .addOption(allowNonempty("Redline's own tables and keys in it are emptied"))
    .addHelpText('after', EXAMPLES)
    .action(sweep)
}

async function sweep(options: SweepOptions, command: Command): Promise<void> {
  const isGiven = (option: string) => command.getOptionValueSource(camelCase(option)) === 'cli'
  if (options.profiles) return sweepProfiles(options, isGiven)
  const points = planSweep(options, isGiven)
  for (const { knob } of options.vary) hint(KNOBS[knob].isIdle(options.mode))
  const seed = options.seed ?? randomInt(1_000_000)
  const rounds = roundsOf(options)
  const name = `sweep-${options.vary.map(({ knob }) => knob).join('-')}`
  const outlook = { trials: points.length * rounds, isMost: false }
  await inRunDirectory({ name, out: options.out }, async (frame) => {
    const progress = createProgressReport(outlook, process.stderr)
    const repeatWith = describeSweep({ ...options, seed }, points)
    const common = { ...frame, progress, allowNonempty: options.allowNonempty, command: 'sweep', repeatWith, seed }
    // What is compared with how cold processes are needs cold ones.
    const processesPer = options.vary.some(({ knob }) => knob === 'warm-up') ? 'trial' : 'round'
    await finishSweep(await runPoints({ ...common, points, rounds, processesPer }), frame.directory, options)
  })
}

/** Shows a sweep, sets the exit code and writes its files. */
export async function finishSweep(run: PointsRun, directory: string, { json }: { json: boolean }): Promise<void> {
  const summary = analyseSweep(run)
  const shown = () => renderSweepTerminal(run, summary, { colour: showsColour(process.stdout) })
  process.stdout.write(`${json ? JSON.stringify(summary) : shown()}\n`)
  process.exitCode = exitCodeOf(summary)
  await writeSweepReports(directory, run, summary)
  process.stderr.write(`report: ${join(directory, 'report.html')}\n`)
}

/** 4 an invariant broke, before 3 a trial failed or a point has none that counts, before 0. */
function exitCodeOf({ points }: SweepSummary): 0 | 3 | 4 {
  if (points.some(({ broken_invariants: broken }) => broken.length > 0)) return 4
  return points.some((point) => point.failed_trials > 0 || point.answered_per_second === null) ? 3 : 0
}

function hint(text: string | null): void {
  if (text !== null) process.stderr.write(`hint: ${text}\n`)
}

function camelCase(option: string): string {
  return option.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}
