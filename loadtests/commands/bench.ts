import { randomInt } from 'node:crypto'
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { exitCodeFor } from '../analysis/exit-code.ts'
import { summarise } from '../analysis/summarise.ts'
import { UsageError } from '../errors.ts'
import { createProgressReport } from '../report/progress.ts'
import { renderTerminal, showsColour } from '../report/terminal-report.ts'
import { writeReports } from '../report/write-reports.ts'
import { LIMITER_MODES, type LimiterMode, type Plan, type Run } from '../run-file.ts'
import { SCENARIOS } from '../scenarios/registry.ts'
import { GUIDE_TARGETS, loadTargets } from '../targets/load-targets.ts'
import type { Targets } from '../targets/targets-schema.ts'
import { watchInterruption } from './interruption.ts'
import { parseChoice, parseChoices, parseSeconds, parseWholeNumber } from './options.ts'
import { createRunId, runBench } from './run-bench.ts'
import { addSystemOptions, allowNonempty, profileOf, type SystemChoices } from './system-options.ts'

interface BenchOptions extends SystemChoices {
  modes: LimiterMode[]
  scenario: string
  connections: number
  duration?: number
  rounds?: number
  targets: string
  gate: boolean
  quick: boolean
  seed?: number
  out: string
  json: boolean
}

const DEFAULTS = { rounds: 5, duration: 3, warmUp: 1.5 }
const QUICK = { rounds: 2, duration: 1, warmUp: 0.5 }

const EXAMPLES = `
Each round tries every mode, and a bare Express route as the ceiling, once in random order. A trial loads the
system first while nothing drains (so that the accepting itself is compared), then while scheduler and workers
drain; it ends with a burst for a code with 10 uses, and the invariants.

Examples:
  npm run bench                                          all modes, one hot code (about 6 minutes)
  npm run bench -- --quick                               a first look (about 90 seconds)
  npm run bench -- --modes token-bucket,none --rounds 6  two modes, narrower intervals
  npm run bench -- --scenario sold-out --gate            exit 1 when a target is missed
  npm run bench -- --db-latency 2ms --pool 50            Postgres as if on another machine
  npm run --silent bench -- --json | jq .verdict

Environment:
  DATABASE_URL, REDIS_URL   use these servers instead of starting some (they must be empty)
  NO_COLOR                  no colours`

/** `bench`: the limiter modes side by side. */
export function createBenchCommand(): Command {
  const scenarios = SCENARIOS.map(({ name }) => name)
  const command = new Command('bench')
    .description('compare the limiter modes under the same load on real Postgres and Redis')
    .option('--modes <list>', `comma-separated: ${LIMITER_MODES.join(', ')}`, parseChoices(LIMITER_MODES), [
      ...LIMITER_MODES,
    ])
    .option('--scenario <name>', `one of ${scenarios.join(', ')}`, parseChoice(scenarios), scenarios[0])
    .option('--connections <n>', 'closed loop: requests under way at once', parseWholeNumber(1, 10_000), 50)
    .option('--duration <seconds>', `of each measured load (default: ${DEFAULTS.duration})`, parseSeconds)
    .option('--rounds <n>', `trials of each mode (default: ${DEFAULTS.rounds})`, parseWholeNumber(1, 10_000))
  return addSystemOptions(command, { concurrency: 100 })
    .option('--targets <file>', 'targets to hold the run against', GUIDE_TARGETS)
    .option('--gate', 'exit with 1 when a target was missed', false)
    .option('--quick', 'fewer and shorter trials: a first look, not a conclusion', false)
    .option('--seed <n>', 'of the order of trials and of the data (default: drawn)', parseWholeNumber(0))
    .option('--out <directory>', 'where the run is written', 'reports')
    .option('--json', 'print the summary alone on stdout', false)
    .addOption(allowNonempty("Redline's own tables and keys in it are emptied"))
    .addHelpText('after', EXAMPLES)
    .action(bench)
}

async function bench(options: BenchOptions): Promise<void> {
  const targets = await loadTargets(options.targets)
  const plan = makePlan(options)
  const runId = createRunId(new Date(), plan.scenario)
  const directory = join(options.out, runId)
  await makeDirectory(directory)
  const progress = createProgressReport(plan, process.stderr)
  const interruption = watchInterruption('what was measured is kept')
  const { signal } = interruption
  const repeatWith = describeCommand(options, plan)
  try {
    const parts = { plan, runId, directory, progress, repeatWith, signal, allowNonempty: options.allowNonempty }
    await finish(await runBench(parts), targets, directory, options)
    process.exitCode = interruption.exitCode ?? process.exitCode
  } catch (error) {
    // Whatever fails because everything is being stopped.
    signal.throwIfAborted()
    throw error
  } finally {
    interruption.dispose()
    await rmdir(directory).catch(() => undefined)
  }
}

/** A directory that cannot be made was asked for wrongly, but for a full disk. */
async function makeDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOSPC') throw cause
    throw new UsageError(`--out: ${directory} cannot be made (${cause.code})`, { cause })
  })
}

/** What was measured is shown even when there is no room for its report. */
async function finish(run: Run, targets: Targets, directory: string, options: BenchOptions): Promise<void> {
  const summary = summarise(run, targets)
  const table = () => renderTerminal(run, summary, { colour: showsColour(process.stdout) })
  process.stdout.write(`${options.json ? JSON.stringify(summary) : table()}\n`)
  process.exitCode = exitCodeFor(summary, options)
  await writeReports(directory, run, summary)
  process.stderr.write(`report: ${join(directory, 'report.html')}\n`)
}

function makePlan(options: BenchOptions): Plan {
  const { servers, workers, concurrency, pool } = options
  const length = options.quick ? QUICK : DEFAULTS
  return {
    scenario: options.scenario,
    modes: [...options.modes, 'ceiling'],
    rounds: options.rounds ?? length.rounds,
    connections: options.connections,
    duration: options.duration ?? length.duration,
    warm_up: length.warmUp,
    profile: profileOf(options),
    profile_name: `${servers} server, ${workers}×${concurrency} worker, pool ${pool}`,
    seed: options.seed ?? randomInt(1_000_000),
    db_latency_ms: options.dbLatency,
    redis_latency_ms: options.redisLatency,
  }
}

/** The command line that repeats this run: everything that was decided, by name. */
function describeCommand(options: BenchOptions, plan: Plan): string {
  const { profile } = plan
  const values: [string, string | number][] = [
    ['modes', options.modes.join(',')],
    ['scenario', plan.scenario],
    ['connections', plan.connections],
    ['duration', plan.duration],
    ['rounds', plan.rounds],
    ['servers', profile.servers],
    ['workers', profile.workers],
    ['concurrency', profile.concurrency],
    ['pool', profile.pool],
    ['seed', plan.seed],
  ]
  if (plan.db_latency_ms > 0) values.push(['db-latency', `${plan.db_latency_ms}ms`])
  if (plan.redis_latency_ms > 0) values.push(['redis-latency', `${plan.redis_latency_ms}ms`])
  if (options.targets !== GUIDE_TARGETS) values.push(['targets', quoted(options.targets)])
  // Which servers is a secret of theirs; that there were some is not.
  const servers = ['DATABASE_URL', 'REDIS_URL'].filter((name) => process.env[name]).map((name) => `${name}=… `)
  const flags = [options.quick && '--quick ', options.allowNonempty && '--allow-nonempty '].filter(Boolean)
  const words = values.map(([name, value]) => `--${name} ${value}`)
  return `${servers.join('')}npm run bench -- ${flags.join('')}${words.join(' ')}`
}

/** For a shell, where a name holds more than plain characters. */
function quoted(name: string): string {
  return /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`
}
