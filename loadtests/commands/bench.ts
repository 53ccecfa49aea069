import { randomInt } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, Option } from 'commander'
import { exitCodeFor } from '../analysis/exit-code.ts'
import { summarise } from '../analysis/summarise.ts'
import { createProgressReport } from '../report/progress.ts'
import { renderTerminal, showsColour } from '../report/terminal-report.ts'
import { writeReports } from '../report/write-reports.ts'
import { LIMITER_MODES, type LimiterMode, type Plan, type Run } from '../run-file.ts'
import { SCENARIOS } from '../scenarios/registry.ts'
import { GUIDE_TARGETS, loadTargets } from '../targets/load-targets.ts'
import type { Targets } from '../targets/targets-schema.ts'
import { watchInterruption } from './interruption.ts'
import { parseChoice, parseChoices, parseMilliseconds, parsePositive, parseWholeNumber } from './options.ts'
import { createRunId, runBench } from './run-bench.ts'

interface BenchOptions {
  modes: LimiterMode[]
  scenario: string
  connections: number
  duration?: number
  rounds?: number
  servers: number
  workers: number
  concurrency: number
  pool: number
  dbLatency: number
  redisLatency: number
  targets: string
  gate: boolean
  quick: boolean
  seed?: number
  out: string
  json: boolean
  allowNonempty: boolean
}

const DEFAULTS = { rounds: 4, duration: 4, warmUp: 1.5 }
const QUICK = { rounds: 2, duration: 1.5, warmUp: 0.5 }

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
  npm run bench -- --json | jq .verdict

Environment:
  DATABASE_URL, REDIS_URL   use these servers instead of starting some (they must be empty)
  NO_COLOR                  no colours`

/** `bench`: the limiter modes side by side. */
export function createBenchCommand(): Command {
  const scenarios = SCENARIOS.map(({ name }) => name)
  return new Command('bench')
    .description('compare the limiter modes under the same load on real Postgres and Redis')
    .option('--modes <list>', `comma-separated: ${LIMITER_MODES.join(', ')}`, parseChoices(LIMITER_MODES), [
      ...LIMITER_MODES,
    ])
    .option('--scenario <name>', `one of ${scenarios.join(', ')}`, parseChoice(scenarios), scenarios[0])
    .option('--connections <n>', 'closed loop: requests under way at once', parseWholeNumber(1), 50)
    .option('--duration <seconds>', `of each measured load (default: ${DEFAULTS.duration})`, parsePositive)
    .option('--rounds <n>', `trials of each mode (default: ${DEFAULTS.rounds})`, parseWholeNumber(1))
    .option('--servers <n>', 'server processes on one port', parseWholeNumber(1), 1)
    .option('--workers <n>', 'worker processes', parseWholeNumber(1), 1)
    .option('--concurrency <n>', 'invite jobs at a time in each worker', parseWholeNumber(1), 50)
    .option('--pool <n>', 'Postgres connections of each process', parseWholeNumber(1), 10)
    .option('--db-latency <time>', 'put this much between the system and Postgres', parseMilliseconds, 0)
    .option('--redis-latency <time>', 'put this much between the system and Redis', parseMilliseconds, 0)
    .option('--targets <file>', 'targets to hold the run against', GUIDE_TARGETS)
    .option('--gate', 'exit with 1 when a target was missed', false)
    .option('--quick', 'fewer and shorter trials: a first look, not a conclusion', false)
    .option('--seed <n>', 'of the order of trials and of the data (default: drawn)', parseWholeNumber(0))
    .option('--out <directory>', 'where the run is written', 'reports')
    .option('--json', 'print the summary alone on stdout', false)
    .addOption(new Option('--allow-nonempty', 'use a DATABASE_URL or REDIS_URL that holds data').default(false))
    .addHelpText('after', EXAMPLES)
    .action(bench)
}

async function bench(options: BenchOptions): Promise<void> {
  const targets = await loadTargets(options.targets)
  const plan = makePlan(options)
  const runId = createRunId(new Date(), plan.scenario)
  const directory = join(options.out, runId)
  await mkdir(directory, { recursive: true })
  const progress = createProgressReport(plan, process.stderr)
  const interruption = watchInterruption()
  const keep = (run: Run) => writeReports(directory, run, summarise(run, targets))
  try {
    const run = await runBench({
      plan,
      runId,
      directory,
      progress,
      repeatWith: describeCommand(options, plan),
      allowNonempty: options.allowNonempty,
      signal: interruption.signal,
    })
    await keep(run)
    show(run, targets, directory, options)
    process.exitCode = interruption.exitCode ?? exitCodeFor(summarise(run, targets), options)
  } finally {
    interruption.dispose()
  }
}

function show(run: Run, targets: Targets, directory: string, options: BenchOptions): void {
  const summary = summarise(run, targets)
  const table = () => renderTerminal(run, summary, { colour: showsColour(process.stdout) })
  process.stdout.write(`${options.json ? JSON.stringify(summary) : table()}\n`)
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
    profile: { servers, workers, concurrency, pool },
    profile_name: `${servers} server, ${workers}×${concurrency} worker, pool ${pool}`,
    seed: options.seed ?? randomInt(1_000_000),
    db_latency_ms: options.dbLatency,
    redis_latency_ms: options.redisLatency,
  }
}

/** The command line that repeats this run: everything that was decided, by name. */
function describeCommand(options: BenchOptions, plan: Plan): string {
  const { servers, workers, concurrency, pool } = plan.profile
  const values: [string, string | number][] = [
    ['modes', options.modes.join(',')],
    ['scenario', plan.scenario],
    ['connections', plan.connections],
    ['duration', plan.duration],
    ['rounds', plan.rounds],
    ['servers', servers],
    ['workers', workers],
    ['concurrency', concurrency],
    ['pool', pool],
    ['seed', plan.seed],
  ]
  if (plan.db_latency_ms > 0) values.push(['db-latency', `${plan.db_latency_ms}ms`])
  if (plan.redis_latency_ms > 0) values.push(['redis-latency', `${plan.redis_latency_ms}ms`])
  return `npm run bench -- ${options.quick ? '--quick ' : ''}${values.map(([name, value]) => `--${name} ${value}`).join(' ')}`
}
