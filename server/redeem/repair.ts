import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../db/database.ts'
import { inspectCodes, listCodes } from '../db/ledger/inspect-codes.ts'
import { askForRebuild, syncUsedCount } from '../db/ledger/sync-used-count.ts'
import { UnavailableError } from '../errors.ts'
import { createBuckets } from '../limiters/buckets.ts'
import { readMode } from '../limiters/enter-mode.ts'
import { type BucketView, inspectBuckets } from '../limiters/inspect-buckets.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import type { RunId } from '../redis/run-id.ts'
import { type CodeInspection, describeCode } from './describe-code.ts'

const IDENTITY_MS = 5_000
const PAGE = 200
/** A bucket and the ledger cannot be read at one moment, so a difference counts when it stands still for so many looks. */
const LOOKS = 3
const BETWEEN_LOOKS_MS = 150

export interface RepairParts {
  readonly db: Database
  readonly redis: RedisClient
  readonly runId: RunId
  readonly keys: Keys
}

export interface RepairOptions {
  /** Only says what it would do; the default. */
  readonly dryRun?: boolean
}

export interface CodeRepair {
  /** As it was before. */
  readonly inspection: CodeInspection
  /** What was done, or would be done, in words; empty when there is nothing to do. */
  readonly actions: readonly string[]
  readonly dryRun: boolean
}

/** A page of `repairAll`. */
export interface RepairedPage {
  /** Codes that were looked at. */
  readonly codes: number
  /** Only of those where something was found. */
  readonly repairs: readonly CodeRepair[]
}

/** Holds codes against the ledger, and mends what differs: counts in Postgres at once, buckets by a rebuild. */
export interface Repair {
  /** @returns undefined when there is no such code */
  inspect(code: string): Promise<CodeInspection | undefined>
  /** Repeating it does no harm. @returns undefined when there is no such code */
  repair(code: string, options?: RepairOptions): Promise<CodeRepair | undefined>
  /** All codes, page by page; redemptions may go on meanwhile. */
  repairAll(options?: RepairOptions): AsyncGenerator<RepairedPage>
}

export function createRepair({ db, redis, runId, keys }: RepairParts): Repair {
  let generation = ''
  const buckets = createBuckets({ db, redis, runId, keys, generation: () => generation })

  async function readBuckets(codes: readonly string[]): Promise<Map<string, BucketView>> {
    try {
      const mode = await readMode(redis, keys)
      if (mode?.name !== 'token-bucket') return new Map()
      generation = mode.generation
      return await inspectBuckets({ redis, keys }, await buckets.identity(IDENTITY_MS), codes)
    } catch (cause) {
      throw new UnavailableError('Redis cannot be asked for the buckets', { cause })
    }
  }

  /** The buckets first: the ledger is then counted as of the moment at which each was looked at. */
  async function look(codes: readonly string[]): Promise<Map<string, CodeInspection>> {
    const views = await readBuckets(codes)
    const cuts = codes.map((code) => ({ code, before: views.get(code)?.cut ?? new Date(0) }))
    const inStream = [...views.values()].flatMap((view) => view.inStream)
    const found = await inspectCodes(db, cuts, inStream)
    return new Map(found.map((ledger) => [ledger.code, describeCode(ledger, views.get(ledger.code))]))
  }

  async function inspectMany(codes: readonly string[]): Promise<CodeInspection[]> {
    const found = await look(codes)
    for (let looks = 1; looks < LOOKS; looks++) {
      const suspects = [...found.values()].filter(hasBucketDifference)
      if (suspects.length === 0) break
      await sleep(BETWEEN_LOOKS_MS)
      const again = await look(suspects.map(({ code }) => code))
      for (const before of suspects) {
        const now = again.get(before.code)
        if (now !== undefined) found.set(now.code, standsStill(before, now) ? now : withoutBucketDifferences(now))
      }
    }
    return [...found.values()]
  }

  async function mend(inspection: CodeInspection, dryRun: boolean): Promise<CodeRepair> {
    const { code, differences } = inspection
    const actions = new Set(differences.map(({ action }) => action))
    if (!dryRun) {
      if (differences.some(({ part }) => part === 'used_count')) await syncUsedCount(db, code)
      if (hasBucketDifference(inspection)) await askForRebuild(db, [code])
    }
    return { inspection, actions: [...actions], dryRun }
  }

  async function inspect(code: string): Promise<CodeInspection | undefined> {
    const [inspection] = await inspectMany([code])
    return inspection
  }

  return {
    inspect,
    async repair(code, { dryRun = true } = {}) {
      const inspection = await inspect(code)
      return inspection && mend(inspection, dryRun)
    },
    async *repairAll({ dryRun = true } = {}) {
      for (let page = await listCodes(db, '', PAGE); page.length > 0; ) {
        const repairs: CodeRepair[] = []
        for (const inspection of await inspectMany(page))
          if (inspection.differences.length > 0) repairs.push(await mend(inspection, dryRun))
        yield { codes: page.length, repairs }
        page = await listCodes(db, page.at(-1) ?? '', PAGE)
      }
    },
  }
}

const hasBucketDifference = ({ differences }: CodeInspection) => differences.some(({ part }) => part === 'bucket')

const bucketDifferences = ({ differences }: CodeInspection) =>
  differences.flatMap(({ part, size }) => (part === 'bucket' ? [size] : []))

/** A use that is on its way looks like a difference too, but not like the same one again and again. */
function standsStill(before: CodeInspection, now: CodeInspection): boolean {
  return String(bucketDifferences(before)) === String(bucketDifferences(now))
}

function withoutBucketDifferences(inspection: CodeInspection): CodeInspection {
  return { ...inspection, differences: inspection.differences.filter(({ part }) => part !== 'bucket') }
}
