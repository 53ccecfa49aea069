import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import type { Generator } from '../../drivers/generator.ts'
import { type Metrics, scrape, sumOf } from '../../measure/prometheus-text.ts'
import type { LimiterMode } from '../../run-file.ts'
import { HOT } from '../../scenarios/scenario.ts'
import { clearData } from '../../sut/clear-data.ts'
import { setDrain } from '../../sut/drain.ts'
import { seedCodes } from '../../sut/redeem-data.ts'
import type { RunDirectory } from '../../sut/run-directory.ts'
import type { Stores } from '../../sut/stores.ts'
import { startSystem } from '../../sut/system.ts'
import { countOperations } from './count-operations.ts'
import type { Operation } from './time-operations.ts'

export const PROFILE = { servers: 1, workers: 1, concurrency: 20, pool: 10, semaphore: 10, redis_connections: 1 }
const CONNECTIONS = 50
const WARM_UP_SECONDS = 2
const SEATS = 1_000_000

export interface Parts {
  readonly stores: Stores
  readonly client: pg.Client
  readonly generator: Generator
  readonly directory: RunDirectory
  readonly seconds: number
}

export interface ModeCost {
  readonly mode: LimiterMode
  readonly accepted: number
  /** Of the server, for one accept. */
  readonly cpuMicroseconds: number
  /** For one accept. */
  readonly operations: Record<Operation, number>
}

/** Loads a server in a mode while nothing drains, and counts at its metrics what it wrote into them. */
export async function measureMode(mode: LimiterMode, parts: Parts): Promise<ModeCost> {
  const { stores, client, directory, seconds } = parts
  await clearData(stores, client)
  await seedCodes(client, [HOT], SEATS)
  const system = await startSystem(stores, { mode, profile: PROFILE, directory })
  try {
    await setDrain(system, true)
    const read = () => scrape(`${system.opsUrls('server')[0]}/metrics`, AbortSignal.timeout(5_000))
    await load(parts, system.url, WARM_UP_SECONDS)
    const before = await read()
    const accepted = await load(parts, system.url, seconds)
    return describe(mode, accepted, before, await read())
  } finally {
    await system.stop()
  }
}

function describe(mode: LimiterMode, accepted: number, before: Metrics, after: Metrics): ModeCost {
  const cpu = (metrics: Metrics) => sumOf(metrics, 'process_cpu_seconds_total') ?? Number.NaN
  const operations = Object.entries(countOperations(before, after)).map(([name, times]) => [name, times / accepted])
  return {
    mode,
    accepted,
    cpuMicroseconds: ((cpu(after) - cpu(before)) / accepted) * 1e6,
    operations: Object.fromEntries(operations) as ModeCost['operations'],
  }
}

async function load({ generator, directory }: Parts, url: string, seconds: number): Promise<number> {
  const prefix = `m${randomBytes(5).toString('hex')}`
  const file = join(directory.path, `answers-${prefix}.tsv`)
  const requests = { kind: 'redeem-shared' as const, codes: [HOT.code], seed: 1, email_prefix: prefix }
  const spec = { url, requests, connections: CONNECTIONS, duration_seconds: seconds, answers_file: file }
  const { accepted } = await generator.load(spec, { signal: new AbortController().signal, onProgress: () => {} })
  await rm(file, { force: true })
  return accepted
}
