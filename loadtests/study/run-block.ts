import type pg from 'pg'
import { quantile } from 'simple-statistics'
import { median } from '../analysis/bootstrap.ts'
import { createRandom, type Random } from '../analysis/random.ts'
import { shuffle } from '../measure/run-rounds.ts'
import { readWorkCounters, subtractCounters, type WorkCounters } from '../measure/work-counters.ts'
import type { Profile } from '../run-file.ts'
import { HOT } from '../scenarios/scenario.ts'
import { analyseTables, clearData } from '../sut/clear-data.ts'
import { setDrain } from '../sut/drain.ts'
import { findFreePort } from '../sut/free-port.ts'
import { seedCodes } from '../sut/redeem-data.ts'
import type { RunDirectory } from '../sut/run-directory.ts'
import type { Stores } from '../sut/stores.ts'
import { type System, startSystem } from '../sut/system.ts'
import { createInjector, type Injector } from './injector.ts'
import type { Block, Counted, RoundFigure, StudyPlan } from './study-file.ts'
import { SAME_PAIRS, VARIANTS } from './variants.ts'
import { createVisitor, type Visitor } from './visitor.ts'

/** One server process, whose drain is paused: what stands behind it only has to be there. */
export const STUDY_PROFILE: Profile = {
  servers: 1,
  workers: 1,
  concurrency: 1,
  pool: 5,
  semaphore: 10,
  redis_connections: 1,
}
const PRELOAD = new URL('./inject.js', import.meta.url)
const NOTHING = { spin_us: 0, extra_command: false }
const WARM_UP_REQUESTS = 2_000
const BASE_REQUESTS = 300
const COUNTED_REQUESTS = 200
/** The seats are not looked at while the drain is paused. */
const SEATS = 1_000
const SCRAPE_TIMEOUT_MS = 10_000

export interface BlockContext {
  readonly plan: StudyPlan
  readonly stores: Stores
  readonly client: pg.Client
  readonly directory: RunDirectory
  readonly signal: AbortSignal
}

/**
 * One block: clean data, a fresh system, then in each round some slices of every variant, in an order drawn anew. All
 * variants are the same process, so that only what is injected differs; slices are so short that whatever else the
 * machine does hits all of them alike.
 * @throws the signal's reason when it is interrupted; nothing of the block is kept then
 */
export async function runBlock(context: BlockContext, block: number): Promise<Block> {
  const { stores, client, directory, signal } = context
  await clearData(stores, client)
  await seedCodes(client, [HOT], SEATS)
  await analyseTables(client)
  const port = await findFreePort()
  const env = { NODE_OPTIONS: `--import ${PRELOAD.href}`, REDLINE_STUDY_PORT: String(port) }
  const system = await startSystem(stores, { mode: 'token-bucket', profile: STUDY_PROFILE, directory, env, signal })
  const visitor = createVisitor(system.url, HOT.code)
  try {
    await setDrain(system, true)
    const control = createInjector(`http://127.0.0.1:${port}`)
    const measuring = measureBlock({ ...context, system, visitor, control }, block).finally(() => control.close())
    measuring.catch(() => undefined)
    return await Promise.race([measuring, system.died])
  } finally {
    await visitor.close()
    await system.stop()
  }
}

interface Session extends BlockContext {
  readonly system: System
  readonly visitor: Visitor
  readonly control: Injector
}

async function measureBlock(session: Session, block: number): Promise<Block> {
  const { plan, signal, visitor } = session
  const at = new Date().toISOString()
  await visitor.visit(WARM_UP_REQUESTS, signal)
  const counted = await countWork(session)
  const random = createRandom(plan.seed + block)
  let requestMs = median((await visitor.visit(BASE_REQUESTS, signal)).latenciesMs)
  const figures: RoundFigure[] = []
  for (let round = 1; round <= plan.rounds; round++) {
    const measured = await measureRound(session, { round, requestMs, random })
    figures.push(...measured)
    requestMs = requestTime(measured)
  }
  return { block, at, counted, figures }
}

/** What the next round's slow-downs are shares of: a machine's speed changes by factors from round to round. */
function requestTime(figures: readonly RoundFigure[]): number {
  const same: readonly string[] = SAME_PAIRS.flat()
  return median(figures.flatMap(({ variant, p10_ms }) => (same.includes(variant) ? [p10_ms] : [])))
}

/** Counted apart, because asking for the counters between short slices would disturb them. */
async function countWork(session: Session): Promise<Counted[]> {
  const { system, visitor, control, signal } = session
  const counted: Counted[] = []
  for (const { name, extraCommand } of VARIANTS) {
    await control.inject({ spin_us: 0, extra_command: extraCommand })
    const before = await readCounters(system)
    const { accepted } = await visitor.visit(COUNTED_REQUESTS, signal)
    const work = subtractCounters(await readCounters(system), before)
    counted.push({ variant: name, accepted, redis_commands: work?.redis_commands['request'] ?? 0 })
  }
  return counted
}

async function measureRound(
  { plan, signal, visitor, control }: Session,
  { round, requestMs, random }: { round: number; requestMs: number; random: Random },
): Promise<RoundFigure[]> {
  const tallies = VARIANTS.map((variant) => ({ variant, ...emptyTally() }))
  const slices = Array.from({ length: plan.slices }, () => tallies).flat()
  let before: Tally = emptyTally()
  let cpuUs = await control.inject(NOTHING)
  for (const slice of shuffle(slices, random)) {
    const { spinShare, extraCommand } = slice.variant
    // One question ends a slice and begins the next.
    const now = await control.inject({ spin_us: 1000 * requestMs * spinShare, extra_command: extraCommand })
    before.cpuUs += now - cpuUs
    cpuUs = now
    before = slice
    const { accepted, errors, seconds, latenciesMs } = await visitor.visit(plan.requests, signal)
    slice.accepted += accepted
    slice.errors += errors
    slice.seconds += seconds
    slice.latenciesMs.push(...latenciesMs)
  }
  before.cpuUs += (await control.inject(NOTHING)) - cpuUs
  return tallies.map(({ variant, accepted, errors, seconds, latenciesMs, cpuUs: server_cpu_us }) => {
    const injected_us = 1000 * requestMs * variant.spinShare
    const [p10_ms = 0, p25_ms = 0, p50_ms = 0] = quantile(latenciesMs, [0.1, 0.25, 0.5])
    const latencies = { p10_ms, p25_ms, p50_ms }
    return { round, variant: variant.name, accepted, errors, seconds, ...latencies, server_cpu_us, injected_us }
  })
}

/** What the slices of one variant in one round add up to. */
interface Tally {
  accepted: number
  errors: number
  seconds: number
  cpuUs: number
  readonly latenciesMs: number[]
}

function emptyTally(): Tally {
  return { accepted: 0, errors: 0, seconds: 0, cpuUs: 0, latenciesMs: [] }
}

function readCounters(system: System): Promise<WorkCounters> {
  const urls = system.opsUrls('server').map((url) => `${url}/metrics`)
  return readWorkCounters(urls, AbortSignal.timeout(SCRAPE_TIMEOUT_MS))
}
