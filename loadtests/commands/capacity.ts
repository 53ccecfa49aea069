import { randomInt } from 'node:crypto'
import { Command } from 'commander'
import type { LatencyGoal, SearchSettings } from '../capacity/capacity-file.ts'
import { type CapacityParts, leastRate, runCapacity } from '../capacity/run-capacity.ts'
import { GOAL_DEFAULTS } from '../capacity/search-goal.ts'
import { UsageError } from '../errors.ts'
import { createSearchProgress } from '../report/search-progress.ts'
import { LIMITER_MODES, type LimiterMode } from '../run-file.ts'
import { QUICK_WARM_UP_PEOPLE, WARM_UP_PEOPLE } from '../scenarios/scenario.ts'
import { finishCapacity } from './finish-capacity.ts'
import { parseGoal } from './goal-option.ts'
import { inRunDirectory } from './in-run-directory.ts'
import { parseChoices, parsePositive, parseSeconds, parseShare, parseWholeNumber } from './options.ts'
import { addSystemOptions, allowNonempty, profileOf, type SystemChoices } from './system-options.ts'
import { warmUpOption } from './warm-up-option.ts'

export interface CapacityOptions extends SystemChoices {
  modes: LimiterMode[]
  goal?: LatencyGoal[]
  width?: number
  closed: boolean
  acceptOnly: boolean
  codes: number
  start?: number
  most?: number
  trialSeconds?: number
  warmUp?: number
  searches: number
  quick: boolean
  seed?: number
  out: string
  json: boolean
}

const DEFAULT_GOALS: LatencyGoal[] = [
  { name: 'p99=300ms', percentile: 99, most_ms: 300 },
  { name: 'p95=1s', percentile: 95, most_ms: 1_000 },
]
/** Where a search begins and may end; an open loop has at most so many connections. */
const RANGES = {
  open: { start: 200, most: 50_000, step: 0.1, connections: 1_000 },
  closed: { start: 8, least: 1, most: 2_000, step: 1, connections: 1_000 },
} as const
const QUICK = { width: 0.1, trialSeconds: 3, warmUpPeople: QUICK_WARM_UP_PEOPLE }
/** A short trial is a third of a long one, and three long ones decide a load. */
const TRIALS_PER_LOAD = GOAL_DEFAULTS.durationSum / GOAL_DEFAULTS.finalTrialSeconds
const SHORT_SHARE = GOAL_DEFAULTS.initialTrialSeconds / GOAL_DEFAULTS.finalTrialSeconds
const MOST_TRIALS = 80
const MOST_ERRORS = 0.01
const WARM_UP_SECONDS = 1.5

const EXAMPLES = `
A goal is met at a load when its percentile is short enough, at most 1 % of the requests are refused or fail, everybody
is answered, and what drains keeps up. A mode that breaks an invariant has capacity 0. Each search has fresh processes and
each trial clean data; what a gate calls INVALID does not count. The method is that of RFC 9971 (MLRsearch).

Examples:
  npm run capacity                                       all modes, p99 at most 300 ms and p95 at most 1 s (about 40 minutes)
  npm run capacity -- --modes token-bucket --quick       a first look: to 10 %, with short trials (about 3 minutes)
  npm run capacity -- --goal p99=100ms --width 5%        another goal, wider bounds
  npm run capacity -- --accept-only                      the accepting alone, while nothing drains
  npm run capacity -- --closed                           connections of a closed loop instead of people per second
  npm run capacity -- --modes token-bucket --searches 10 how far ten searches lie apart
  npm run report -- reports/2026-01-31-1805-capacity-3f9a`

/** `capacity`: the highest load that meets all targets, as an interval, and what the limit is. */
export function createCapacityCommand(): Command {
  const command = new Command('capacity')
    .description('search the highest load that meets all targets, and name what the limit is')
    .option('--modes <list>', `comma-separated: ${LIMITER_MODES.join(', ')}`, parseChoices(LIMITER_MODES), [
      ...LIMITER_MODES,
    ])
    .option(
      '--goal <target>',
      'a latency target such as p99=300ms; several are searched at once (default: p99=300ms and p95=1s)',
      parseGoal,
    )
    .option('--width <share>', `how far the bounds may lie apart (default: ${100 * GOAL_DEFAULTS.width}%)`, parseShare)
    .option('--closed', 'search connections of a closed loop instead of people per second', false)
    .option('--accept-only', 'nothing drains meanwhile: the capacity of the accepting alone', false)
    .option('--codes <n>', 'codes that redemptions are spread over; 1 is one hot code', parseWholeNumber(1, 10_000), 1)
    .option(
      '--start <load>',
      `where the search begins (default: ${RANGES.open.start}/s, or ${RANGES.closed.start} connections)`,
      parsePositive,
    )
    .option(
      '--most <load>',
      `the highest load that is tried (default: ${RANGES.open.most}/s, or ${RANGES.closed.most} connections)`,
      parsePositive,
    )
    .option(
      '--trial-seconds <s>',
      `length of a trial that decides (default: ${GOAL_DEFAULTS.finalTrialSeconds}); first ones are a third of it`,
      parseSeconds,
    )
    .option(
      '--searches <n>',
      'repeat the whole search, and show how far the results lie apart',
      parseWholeNumber(1, 100),
      1,
    )
  return addSystemOptions(command, { concurrency: 100 })
    .addOption(warmUpOption())
    .option('--quick', 'wide bounds and short trials: a first look, not a conclusion', false)
    .option('--seed <n>', 'of the order of modes and of the arrivals (default: drawn)', parseWholeNumber(0))
    .option('--out <directory>', 'where the run is written', 'reports')
    .option('--json', 'print the summary alone on stdout', false)
    .addOption(allowNonempty("Redline's own tables and keys in it are emptied"))
    .addHelpText('after', EXAMPLES)
    .action(capacity)
}

async function capacity(options: CapacityOptions): Promise<void> {
  const search = describeSearch(options)
  const seed = options.seed ?? randomInt(1_000_000)
  await inRunDirectory({ name: 'capacity', out: options.out }, async (frame) => {
    const progress = createSearchProgress(search, process.stderr)
    const repeatWith = describeCommand(options, search, seed)
    const run = await runCapacity({ ...frame, search, seed, repeatWith, progress, ...describeShape(options) })
    await finishCapacity(run, frame.directory, options)
  })
}

/** @throws UsageError when the loads contradict each other */
export function describeSearch(options: CapacityOptions): SearchSettings {
  const loop = options.closed ? 'closed' : 'open'
  const range = RANGES[loop]
  const goals = options.goal ?? DEFAULT_GOALS
  const least = options.closed ? RANGES.closed.least : leastRate(goals)
  const most = options.most ?? range.most
  const start = options.start ?? Math.min(Math.max(range.start, least), most)
  if (start > most)
    throw new UsageError(`--start ${start} is more than the highest load that is tried, ${most} (--most).`)
  if (options.closed && !(Number.isInteger(start) && Number.isInteger(most)))
    throw new UsageError('--start and --most are connections with --closed: whole numbers.')
  if (start < least)
    throw new UsageError(
      options.closed
        ? `--start ${start}: no load below ${least} is tried.`
        : `${start}/s: below ${least} people per second a trial of a minute has too few answers for ${strictest(goals).name}. ` +
            `Give a --start from ${least} on, or a lower percentile.`,
    )
  const long = options.trialSeconds ?? (options.quick ? QUICK.trialSeconds : GOAL_DEFAULTS.finalTrialSeconds)
  return {
    loop,
    modes: options.modes,
    goals,
    width: options.width ?? (options.quick ? QUICK : GOAL_DEFAULTS).width,
    exceed_ratio: GOAL_DEFAULTS.exceedRatio,
    initial_trial_seconds: Number((SHORT_SHARE * long).toPrecision(3)),
    final_trial_seconds: long,
    duration_sum: TRIALS_PER_LOAD * long,
    start,
    least,
    most,
    step: range.step,
    searches: options.searches,
    most_trials: MOST_TRIALS,
    most_errors: MOST_ERRORS,
  }
}

/** The one that needs the most answers. */
function strictest(goals: readonly LatencyGoal[]): LatencyGoal {
  return goals.reduce((one, other) => (other.percentile > one.percentile ? other : one))
}

function describeShape(options: CapacityOptions): Pick<CapacityParts, 'shape' | 'connections' | 'allowNonempty'> {
  return {
    connections: RANGES.open.connections,
    allowNonempty: options.allowNonempty,
    shape: {
      profile: profileOf(options),
      codes: options.codes,
      polls: 0,
      think_ms: 0,
      db_latency_ms: options.dbLatency,
      redis_latency_ms: options.redisLatency,
      drain: options.acceptOnly ? 'paused' : 'running',
      warm_up: WARM_UP_SECONDS,
      warm_up_people: warmUpPeopleOf(options),
    },
  }
}

function warmUpPeopleOf({ warmUp, quick }: CapacityOptions): number {
  return warmUp ?? (quick ? QUICK.warmUpPeople : WARM_UP_PEOPLE)
}

/** The command line that repeats this run: everything that was decided, by name. */
function describeCommand(options: CapacityOptions, search: SearchSettings, seed: number): string {
  const { servers, workers, concurrency, pool, semaphore, redisConnections } = options
  const values: [string, string | number][] = [
    ['modes', options.modes.join(',')],
    ...search.goals.map(({ name }): [string, string] => ['goal', name]),
    ['width', `${Number((100 * search.width).toFixed(6))}%`],
    ['trial-seconds', search.final_trial_seconds],
    ['start', search.start],
    ['most', search.most],
    ['codes', options.codes],
    ['warm-up', warmUpPeopleOf(options)],
    ['searches', search.searches],
    ...Object.entries({ servers, workers, concurrency, pool, semaphore, 'redis-connections': redisConnections }),
    ...(options.dbLatency > 0 ? [['db-latency', `${options.dbLatency}ms`] as [string, string]] : []),
    ...(options.redisLatency > 0 ? [['redis-latency', `${options.redisLatency}ms`] as [string, string]] : []),
    ['seed', seed],
  ]
  const flags = [
    options.closed && '--closed ',
    options.acceptOnly && '--accept-only ',
    options.allowNonempty && '--allow-nonempty ',
  ]
  return `npm run capacity -- ${flags.filter(Boolean).join('')}${values.map(([name, value]) => `--${name} ${value}`).join(' ')}`
}
