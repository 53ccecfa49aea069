import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { Command } from 'commander'
import type { Arrivals } from '../drivers/arrivals.ts'
import { ENGINES, type Engine } from '../drivers/driver.ts'
import { UsageError } from '../errors.ts'
import { createProgressReport, outlookOf } from '../report/progress.ts'
import type { Plan } from '../run-file.ts'
import { OWN_TARGETS } from '../targets/load-targets.ts'
import type { Targets } from '../targets/targets-schema.ts'
import { writeAtomically } from '../write-atomically.ts'
import { checkEngine } from './check-engine.ts'
import { finishRun } from './finish-run.ts'
import { inRunDirectory } from './in-run-directory.ts'
import { type LoadedScenario, loadScenarioFile } from './load-scenario-file.ts'
import { DEFAULTS, OPEN_LOOP } from './make-plan.ts'
import { parseChoice, parseHttpUrl, parseSeconds, parseWholeNumber } from './options.ts'
import { formatRate, parseRate, type RateChoice } from './rate-option.ts'
import { runTarget } from './run-target.ts'

interface LoadOptions {
  url?: string
  iOwnThisTarget: boolean
  engine?: Engine
  rate?: RateChoice
  connections?: number
  duration?: number
  rounds: number
  seed?: number
  gate: boolean
  out: string
  json: boolean
}

const EXAMPLES = `
A scenario file is TypeScript with a default export by defineScenario (loadtests/scenario-file.ts): requests and their
mix, data from CSV, checks, targets, arrivals, PromQL for the timeline, and a command that stands in for the invariants.
loadtests/examples/ has one to begin with.

Examples:
  npm run load -- loadtests/examples/notes.scenario.ts --url http://127.0.0.1:8080
  npm run load -- my.scenario.ts --rate 50..500 --duration 60     open loop, a ramp
  npm run load -- my.scenario.ts --connections 20 --gate          closed loop; exit 1 when a target is missed
  npm run load -- my.scenario.ts --engine k6 --rate 200

Only a URL of this machine is loaded, unless --i-own-this-target says that you may.`

/** `load`: a team's own target by a scenario file. */
export function createLoadCommand(): Command {
  return new Command('load')
    .description("load a team's own HTTP endpoint by a scenario file")
    .argument('<scenario>', 'a scenario file, such as my.scenario.ts')
    .option('--url <url>', 'scheme, host and port of the target', parseHttpUrl)
    .option('--i-own-this-target', 'the target may be on another machine', false)
    .option('--engine <name>', `who makes the load: ${ENGINES.join(', ')}`, parseChoice(ENGINES))
    .option('--rate <people/s>', 'open loop: 200, or a ramp 50..500, or steps 100,200,400', parseRate)
    .option('--connections <n>', 'closed loop: people at a time', parseWholeNumber(1, 10_000))
    .option('--duration <seconds>', 'of each measured load', parseSeconds)
    .option('--rounds <n>', 'trials', parseWholeNumber(1, 10_000), DEFAULTS.rounds)
    .option('--seed <n>', 'of the mix (default: drawn)', parseWholeNumber(0))
    .option('--gate', 'exit with 1 when a target was missed', false)
    .option('--out <directory>', 'where the run is written', 'reports')
    .option('--json', 'print the summary alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(load)
}

async function load(path: string, options: LoadOptions): Promise<void> {
  const seed = options.seed ?? randomInt(1_000_000)
  const loaded = await loadScenarioFile(path, seed)
  const url = targetUrl(options.url ?? loaded.file.url, options.iOwnThisTarget)
  const plan = planFor(loaded, options, seed)
  await checkEngine(plan)
  const targets = targetsOf(loaded)
  await inRunDirectory({ name: plan.scenario, out: options.out }, async (frame) => {
    const progress = createProgressReport(outlookOf(plan), process.stderr)
    const repeatWith = describeCommand(path, url, options, plan)
    const run = await runTarget({ ...frame, path, url, plan, repeatWith, loaded, progress })
    if (targets.targets.length > 0) await writeAtomically(join(frame.directory, OWN_TARGETS), JSON.stringify(targets))
    await finishRun(run, targets, frame.directory, options)
  })
}

/** @throws UsageError for none, for one with a path, and for one that may be somebody else's */
function targetUrl(url: string | undefined, isOwned: boolean): string {
  if (url === undefined) throw new UsageError('the scenario names no url: --url says what is loaded.')
  const { hostname, origin, pathname, search, hash, username, password } = new URL(url)
  if (username !== '' || password !== '')
    throw new UsageError(
      `${origin} is given with a name or password: the scenario's requests send them, by a header Authorization.`,
    )
  if (pathname !== '/' || search !== '' || hash !== '')
    throw new UsageError(
      `${url}: give scheme, host and port alone (${origin}); paths stand in the scenario's requests.`,
    )
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  if (!isHere && !isOwned)
    throw new UsageError(`${url} is not on this machine: --i-own-this-target says that you may load it.`)
  return origin
}

function planFor({ file }: LoadedScenario, options: LoadOptions, seed: number): Plan {
  const arrivals = options.connections === undefined ? (options.rate ?? file.arrivals ?? null) : null
  if (options.rate !== undefined && options.connections !== undefined)
    throw new UsageError('--rate is an open loop, --connections a closed one: choose one of them.')
  return {
    scenario: file.name,
    modes: ['target', 'ceiling'],
    rounds: options.rounds,
    width: null,
    max_rounds: null,
    engine: engineFor(options.engine, arrivals),
    arrivals,
    connections: options.connections ?? (arrivals ? OPEN_LOOP.connections : (file.connections ?? DEFAULTS.connections)),
    duration: options.duration ?? file.seconds,
    people: null,
    paced: arrivals !== null,
    warm_up: DEFAULTS.warmUp,
    warm_up_people: 0,
    profile: { servers: 1, workers: 0, concurrency: 0, pool: 0, semaphore: 10, redis_connections: 1 },
    profile_name: 'target',
    seed,
    db_latency_ms: 0,
    redis_latency_ms: 0,
  }
}

function engineFor(engine: Engine | undefined, arrivals: Arrivals | null): Engine {
  if (arrivals === null) {
    if (engine === undefined || engine === 'autocannon') return 'autocannon'
    throw new UsageError(`--engine ${engine} is an open loop: --rate says how many people come per second.`)
  }
  if (engine === 'autocannon') throw new UsageError('a rate needs an open loop: --engine paced or k6.')
  return engine ?? 'paced'
}

/** What the scenario file wants, of its target. */
function targetsOf({ file }: LoadedScenario): Targets {
  const ofRun = new Set(['availability', 'harness_megabytes'])
  const targets = file.targets.map((target) =>
    ofRun.has(target.measure) ? target : { ...target, modes: ['target' as const] },
  )
  return { schema: 1, name: file.name, targets }
}

/** Arrivals that the scenario file has are in it the next time as well. */
function describeLoop({ rate }: LoadOptions, { engine }: Plan): string {
  return rate === undefined ? `--engine ${engine}` : `--engine ${engine} --rate ${formatRate(rate)}`
}

function describeCommand(path: string, url: string, options: LoadOptions, plan: Plan): string {
  const loop = plan.arrivals ? describeLoop(options, plan) : `--connections ${plan.connections}`
  const owned = options.iOwnThisTarget ? ' --i-own-this-target' : ''
  return `npm run load -- ${path} --url ${url} ${loop} --duration ${plan.duration} --rounds ${plan.rounds} --seed ${plan.seed}${owned}`
}
