import pg from 'pg'
import { describeEnvironment } from '../measure/environment.ts'
import type { Environment } from '../run-file.ts'
import { clearAfterKilled } from '../sut/leftovers.ts'
import { createRunDirectory, type RunDirectory } from '../sut/run-directory.ts'
import { type Stores, startStores } from '../sut/stores.ts'
import { migrate } from '../sut/system.ts'
import { type BlockContext, runBlock, STUDY_PROFILE } from './run-block.ts'
import type { Block, StudyPlan } from './study-file.ts'

export interface StudyParts {
  readonly id: string
  /** Called with the environment once the stores run. @returns what is planned */
  readonly plan: (environment: Environment) => Promise<StudyPlan>
  /** Blocks from `first` to `last` are measured. */
  readonly first: number
  readonly last: number
  readonly signal: AbortSignal
  readonly say: (line: string) => void
  readonly onBlock: (block: Block) => Promise<void>
}

const MOST_ATTEMPTS = 3
const NOTES = ['drain: paused', 'limits per client: off (neither per address nor on failed tries)']

/** Measures the blocks one after another on stores of its own. Ends early, without an error, when interrupted. */
export async function runStudy(parts: StudyParts): Promise<void> {
  const { id, signal, say } = parts
  await clearAfterKilled(say)
  const directory = createRunDirectory(id)
  const stops: (() => Promise<unknown>)[] = [() => directory.remove()]
  try {
    say('starting Postgres, Redis and the mail sink')
    await measureBlocks(parts, await openContext(parts, directory, stops))
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    for (const stop of stops.reverse()) await stop().catch(() => undefined)
  }
}

async function measureBlocks({ first, last, signal, say, onBlock }: StudyParts, context: BlockContext): Promise<void> {
  for (let block = first; block <= last; block++) {
    signal.throwIfAborted()
    await onBlock(await tryBlock(context, block, say))
  }
}

/** A system that fails once on a busy machine does not end a study of an hour; one that fails again and again does. */
async function tryBlock(context: BlockContext, block: number, say: (line: string) => void): Promise<Block> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runBlock(context, block)
    } catch (error) {
      if (context.signal.aborted || attempt === MOST_ATTEMPTS) throw error
      say(`block ${block} is tried again: ${error instanceof Error ? error.message : error}`)
    }
  }
}

async function openContext(
  { plan, signal }: StudyParts,
  directory: RunDirectory,
  stops: (() => Promise<unknown>)[],
): Promise<BlockContext> {
  const stores = await openStores(directory, signal)
  stops.push(stores.stop)
  await migrate(stores)
  const client = new pg.Client({ connectionString: stores.postgres.url })
  client.on('error', () => undefined)
  await client.connect()
  stops.push(() => client.end())
  const planned = await plan(await describeEnvironment(stores.postgres, stores.redis, NOTES))
  return { plan: planned, stores, client, directory, signal }
}

/** Always stores of our own: a study fills them for an hour. */
function openStores(directory: RunDirectory, signal: AbortSignal): Promise<Stores> {
  return startStores({
    directory,
    allowNonempty: false,
    dbLatencyMs: 0,
    redisLatencyMs: 0,
    profile: STUDY_PROFILE,
    signal,
  })
}
