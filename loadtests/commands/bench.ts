import { join } from 'node:path'
import { Command } from 'commander'
import { DEFAULT_MAX_ROUNDS } from '../analysis/stop-rule.ts'
import { ENGINES } from '../drivers/driver.ts'
import { createProgressReport, outlookOf } from '../report/progress.ts'
import { LIMITER_MODES } from '../run-file.ts'
import { SCENARIOS } from '../scenarios/registry.ts'
import { GUIDE_TARGETS, loadTargets, OWN_TARGETS } from '../targets/load-targets.ts'
import { writeAtomically } from '../write-atomically.ts'
import { checkEngine } from './check-engine.ts'
import { finishRun } from './finish-run.ts'
import { inRunDirectory } from './in-run-directory.ts'
import { DEFAULTS, describeCommand, makePlan, OPEN_LOOP, type PlanOptions } from './make-plan.ts'
import { parseChoice, parseChoices, parseHttpUrl, parseSeconds, parseShare, parseWholeNumber } from './options.ts'
import { parseRate } from './rate-option.ts'
import { runBench } from './run-bench.ts'
import { addSystemOptions, allowNonempty } from './system-options.ts'
import { warmUpOption } from './warm-up-option.ts'

interface BenchOptions extends PlanOptions {
  gate: boolean
  out: string
  json: boolean
  pushTo?: string
}

const EXAMPLES = `
Scenarios:
${SCENARIOS.map(({ name, description }) => `  ${name.padEnd(24)} ${description}`).join('\n')}

Each round tries every mode, and a bare Express route as the ceiling, once in random order. A trial loads the
system first while nothing drains (so that the accepting itself is compared), then while scheduler and workers
drain; it ends with a burst for a code with 10 uses, and the invariants.

Examples:
  npm run bench                                          all modes, one hot code (about 9 minutes)
  npm run bench -- --quick                               a first look (about 2 minutes)
  npm run bench -- --modes token-bucket,none --rounds 6  two modes, narrower intervals
  npm run bench -- --modes token-bucket,none --width 5%  as many rounds as that takes, at most 30
  npm run bench -- --scenario sold-out --gate            exit 1 when a target is missed
  npm run bench -- --scenario users-once --users 5000    so many people redeem once each
  npm run bench -- --engine paced --rate 500             open loop: 500 people come each second, whoever waits
  npm run bench -- --rate 100..800 --duration 30         the same as a ramp
  npm run bench -- --db-latency 2ms --pool 50            Postgres as if on another machine
  npm run bench -- --push-to http://127.0.0.1:9090       to see it in Grafana (npm run stack starts that Prometheus)
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
    .option('--scenario <name>', 'what is sent, see below', parseChoice(scenarios), scenarios[0])
    .option(
      '--connections <n>',
      `closed loop: people at a time (default: ${DEFAULTS.connections}); open loop: at most (${OPEN_LOOP.connections})`,
      parseWholeNumber(1, 10_000),
    )
    .option(
      '--engine <name>',
      `who makes the load: ${ENGINES.join(', ')}; autocannon is a closed loop, the others are open`,
      parseChoice(ENGINES),
    )
    .option('--rate <people/s>', 'open loop: 200, or a ramp 50..500, or steps 100,200,400', parseRate)
    .option('--poisson', 'open loop: people come at random moments, so many in the mean', false)
    .option(
      '--duration <seconds>',
      `of each measured load (default: ${DEFAULTS.duration}, open loop ${OPEN_LOOP.duration})`,
      parseSeconds,
    )
    .option('--users <n>', 'people of the scenario users-once (default: 1000)', parseWholeNumber(1, 10_000_000))
    .option('--rounds <n>', `trials of each mode (default: ${DEFAULTS.rounds})`, parseWholeNumber(1, 10_000))
    .option('--width <share>', 'go on until the ratio of every two modes is known to ± this, such as 5%', parseShare)
    .option('--max-rounds <n>', `but not for more rounds (default: ${DEFAULT_MAX_ROUNDS})`, parseWholeNumber(1, 10_000))
  return addSystemOptions(command, { concurrency: 100 })
    .addOption(warmUpOption())
    .option('--targets <file>', 'targets to hold the run against', GUIDE_TARGETS)
    .option('--gate', 'exit with 1 when a target was missed', false)
    .option('--quick', 'fewer and shorter trials: a first look, not a conclusion', false)
    .option('--seed <n>', 'of the order of trials and of the data (default: drawn)', parseWholeNumber(0))
    .option('--out <directory>', 'where the run is written', 'reports')
    .option('--json', 'print the summary alone on stdout', false)
    .option(
      '--push-to <url>',
      'a Prometheus that takes remote writes: the run appears there as it goes on',
      parseHttpUrl,
    )
    .addOption(allowNonempty("Redline's own tables and keys in it are emptied"))
    .addHelpText('after', EXAMPLES)
    .action(bench)
}

async function bench(options: BenchOptions): Promise<void> {
  const targets = await loadTargets(options.targets)
  const plan = makePlan(options)
  await checkEngine(plan)
  const { allowNonempty: nonempty, pushTo, out } = options
  await inRunDirectory({ name: plan.scenario, out }, async (frame) => {
    const progress = createProgressReport(outlookOf(plan), process.stderr)
    const repeatWith = describeCommand(options, plan)
    const run = await runBench({ ...frame, plan, progress, repeatWith, allowNonempty: nonempty, pushTo })
    if (options.targets !== GUIDE_TARGETS)
      await writeAtomically(join(frame.directory, OWN_TARGETS), JSON.stringify(targets))
    await finishRun(run, targets, frame.directory, options)
  })
}
