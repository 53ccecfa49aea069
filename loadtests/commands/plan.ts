import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { UsageError } from '../errors.ts'
import { describeMachine } from '../measure/environment.ts'
import { EMIT_FORMATS, type EmitFormat, emitSettings } from '../plan/emit-settings.ts'
import { makePlanFile } from '../plan/make-plan-file.ts'
import { measureBasis, verifyByRunning } from '../plan/measure-plan.ts'
import type { BasisFile, PlanFile } from '../plan/plan-file.ts'
import { renderPlanHtml } from '../plan/plan-html.ts'
import { addToRecord, describeRecord, RECORD_FILE, readRecord } from '../plan/plan-record.ts'
import type { PlanRequest } from '../plan/plan-request.ts'
import { readBasis } from '../plan/read-basis.ts'
import { isAnsweredByFleet, renderPlan } from '../plan/render-plan.ts'
import { LIMITER_MODES, type LimiterMode } from '../run-file.ts'
import { inRunDirectory } from './in-run-directory.ts'
import {
  parseBytes,
  parseChoice,
  parseLatency,
  parseMilliseconds,
  parsePositive,
  parseSeconds,
  parseWholeNumber,
} from './options.ts'
import { allowNonempty } from './system-options.ts'

interface PlanCommandOptions {
  users: number
  think: number
  p99: number
  mode: LimiterMode
  codes: 'one' | 'many'
  from?: string
  verify: boolean
  emit?: EmitFormat
  cores?: number
  memory: number
  bandwidth: number
  dbLatency?: number
  redisLatency?: number
  semaphore?: number
  fasterPostgres: number
  instances: number
  redisNodes: number
  replica: boolean
  regions: number
  regionLatency?: number
  allowNonempty: boolean
  out: string
  seed?: number
  json: boolean
}

const EXAMPLES = `
A user redeems, thinks, and comes again: 5 000 users who think 10 s are about 500 redemptions per second. Without --from the
system is measured first (about three minutes): one size of it, from a few people per second to as many as have it at work.
Profiles are then simulated with what a redemption was counted to cost, the cheapest first. What is foretold has intervals
of 90 %; --verify runs the profile, and the errors go into a record that every later plan shows.

Examples:
  npm run plan -- --users 5000 --think 10s --p99 300ms
  npm run plan -- --users 5000 --think 10s --p99 300ms --from reports/DIRECTORY   no measurement: that of another plan
  npm run plan -- --users 5000 --think 10s --p99 300ms --verify                   run it, and say how wrong it was
  npm run plan -- --users 300 --p99 1s --cores 2 --memory 4GB --bandwidth 3       a small team's box
  npm run plan -- --users 2000000 --think 30s --p99 500ms --from reports/DIRECTORY --instances 40 --regions 3
  npm run plan -- … --mode none --faster-postgres 2       what if Postgres needed half of the CPU?
  npm run --silent plan -- … --emit compose > compose/compose.planned.yaml`

/** `plan`: how many processes, connections and workers so many users need. */
export function createPlanCommand(): Command {
  return new Command('plan')
    .description('how many processes, connections and workers N users need; --verify runs it and prints the error')
    .requiredOption('--users <n>', 'who redeem, think, and come again', parseWholeNumber(1, 1_000_000_000))
    .option('--think <time>', 'between an answer and the next redemption', parseSeconds, 10)
    .requiredOption('--p99 <time>', 'the latency that is asked for, such as 300ms', parseLatency)
    .option('--mode <name>', LIMITER_MODES.join(', '), parseChoice(LIMITER_MODES), 'token-bucket')
    .option(
      '--codes <one|many>',
      'everybody redeems one code, or as many as there are',
      parseChoice(['one', 'many'] as const),
      'one',
    )
    .option('--from <directory>', 'what another plan, or a sweep of connections with --drain paused, measured')
    .option('--verify', 'run the recommended profile under that load', false)
    .option('--emit <format>', `print the settings alone: ${EMIT_FORMATS.join(', ')}`, parseChoice(EMIT_FORMATS))
    .option('--cores <n>', 'of the machine (default: those of the one that was measured)', parseWholeNumber(1, 1_024))
    .option('--memory <bytes>', 'of the machine', parseBytes, parseBytes('4GB'))
    .option('--bandwidth <Mbit/s>', 'of the machine', parsePositive, 100)
    .option('--db-latency <time>', 'between the system and Postgres (default: as measured, else 0)', parseMilliseconds)
    .option('--redis-latency <time>', 'between the system and Redis (default: as measured, else 0)', parseMilliseconds)
    .option(
      '--semaphore <n>',
      'redemptions at a time, in the modes that have a semaphore (default: as measured, else 10)',
      parseWholeNumber(1, 100_000),
    )
    .option('--faster-postgres <factor>', 'what if Postgres needed so many times less CPU', parsePositive, 1)
    .option('--instances <n>', 'what if so many machines carried servers and workers', parseWholeNumber(1, 10_000), 1)
    .option('--redis-nodes <n>', 'what if Redis were a cluster of so many', parseWholeNumber(1, 1_000), 1)
    .option('--replica', 'what if statuses were read from a replica', false)
    .option('--regions <n>', 'what if users were in so many regions', parseWholeNumber(1, 100), 1)
    .option('--region-latency <time>', 'between regions, there and back (default: 80ms)', parseMilliseconds)
    .addOption(allowNonempty("Redline's own tables and keys in it are emptied"))
    .option('--seed <n>', 'of the order of trials and of arrivals (default: drawn)', parseWholeNumber(0))
    .option('--out <directory>', 'where plan and record are written', 'reports')
    .option('--json', 'print the plan alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(plan)
}

async function plan(options: PlanCommandOptions): Promise<void> {
  refuseContradictions(options)
  const recordFile = join(options.out, RECORD_FILE)
  const known = options.from === undefined ? undefined : await readBasis(options.from, options.mode)
  if (options.verify) refuseForeign(options, known)
  let record = await readRecord(recordFile)
  await inRunDirectory({ name: 'plan', out: options.out }, async (frame) => {
    const { directory } = frame
    const running = { ...frame, seed: options.seed ?? randomInt(1_000_000) }
    const measured = known ?? (await measureBasis(choicesOf(options), running))
    const basis = { ...measured, semaphore: options.semaphore ?? measured.semaphore }
    await writeFile(join(directory, 'basis.json'), `${JSON.stringify(basis)}\n`)
    const request = requestOf(options, basis)
    const { file, toVerify } = makePlanFile(request, basis)
    let made = file
    if (options.verify && toVerify !== null) {
      const verified = await verifyByRunning(request, toVerify, { ...running, allowNonempty: options.allowNonempty })
      made = { ...file, verification: verified.verification }
      if (verified.recorded !== null) record = await addToRecord(recordFile, verified.recorded)
    }
    await writeFile(join(directory, 'plan.json'), `${JSON.stringify(made, null, 2)}\n`)
    await writeFile(join(directory, 'report.html'), await renderPlanHtml(made, describeRecord(record)))
    show(made, describeRecord(record), options)
    process.stderr.write(`report: ${join(directory, 'report.html')}\n`)
    process.exitCode = exitCodeOf(made)
  })
}

/** Settings go into a file: whatever else there is to say goes beside them. */
function show(file: PlanFile, record: string, { emit, json }: PlanCommandOptions): void {
  const plan = () => `${renderPlan(file, record)}\n`
  if (emit === undefined) return void process.stdout.write(json ? `${JSON.stringify(file)}\n` : plan())
  process.stderr.write(plan())
  if (file.recommended !== null) process.stdout.write(emitSettings(emit, file.recommended.profile, file.request.mode))
}

/**
 * A target that neither a profile nor a fleet meets was asked for in vain: 2. An invariant that broke: 4; a verification
 * without a trial: 3.
 */
function exitCodeOf(plan: PlanFile): number {
  const { recommended, verification } = plan
  if (verification !== null && verification.broken.length > 0) return 4
  if (verification !== null && verification.figures === null) return 3
  return recommended === null && !isAnsweredByFleet(plan) ? 2 : 0
}

function refuseContradictions({
  from,
  verify,
  instances,
  fasterPostgres,
  emit,
  json,
  regions,
  regionLatency,
  redisNodes,
  replica,
  allowNonempty: nonempty,
}: PlanCommandOptions): void {
  const refuse = (why: string) => {
    throw new UsageError(why)
  }
  if (verify && (instances > 1 || fasterPostgres !== 1 || regions > 1 || redisNodes > 1 || replica))
    refuse(
      '--verify runs what this machine has: it does not go with --instances, --faster-postgres, --redis-nodes, --replica ' +
        'or --regions.',
    )
  if (regionLatency !== undefined && regions === 1)
    refuse('--region-latency is between regions: --regions says how many there are.')
  if (emit !== undefined && json) refuse('--emit prints settings, --json the plan: choose one of them.')
  if (from !== undefined && nonempty && !verify)
    refuse('--allow-nonempty is about measuring: with --from nothing is measured.')
}

/** A profile of another machine cannot be run on this one, and its error would be none of the model's. */
function refuseForeign({ cores }: PlanCommandOptions, basis: BasisFile | undefined): void {
  const here = describeMachine()
  const there = basis?.environment ?? here
  if (cores !== undefined && cores !== here.cores)
    throw new UsageError(
      `--verify runs what this machine has, ${here.cores} cores: it does not go with --cores ${cores}.`,
    )
  if (here.cpu !== there.cpu || here.cores !== there.cores)
    throw new UsageError(
      `--verify runs on this machine (${here.cpu}, ${here.cores} cores), but what --from names was measured on another one ` +
        `(${there.cpu}, ${there.cores} cores): leave --from out, and this one is measured.`,
    )
}

type Choices = Parameters<typeof measureBasis>[0]

function choicesOf({
  mode,
  codes,
  dbLatency = 0,
  redisLatency = 0,
  semaphore = 10,
  allowNonempty: nonempty,
}: PlanCommandOptions): Choices {
  return {
    mode,
    codes: codes === 'one' ? 1 : 1_000,
    db_latency_ms: dbLatency,
    redis_latency_ms: redisLatency,
    semaphore,
    allowNonempty: nonempty,
  }
}

function requestOf(options: PlanCommandOptions, basis: BasisFile): PlanRequest {
  return {
    users: options.users,
    think: options.think,
    p99: options.p99 / 1_000,
    mode: options.mode,
    isHot: options.codes === 'one',
    dbLatency: (options.dbLatency ?? basis.db_latency_ms) / 1_000,
    redisLatency: (options.redisLatency ?? basis.redis_latency_ms) / 1_000,
    machine: {
      cores: options.cores ?? basis.environment.cores,
      memoryBytes: options.memory,
      megabitsPerSecond: options.bandwidth,
    },
    whatIf: {
      postgresSpeed: options.fasterPostgres,
      instances: options.instances,
      redisNodes: options.redisNodes,
      hasReplica: options.replica,
      regions: options.regions,
      regionRoundTrip: (options.regionLatency ?? 80) / 1_000,
    },
  }
}
