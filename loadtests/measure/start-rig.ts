import pg from 'pg'
import { type Generator, startGenerator } from '../drivers/generator.ts'
import type { Profile } from '../run-file.ts'
import { clearAfterKilled } from '../sut/leftovers.ts'
import { createRunDirectory, type RunDirectory } from '../sut/run-directory.ts'
import { type Stores, startStores } from '../sut/stores.ts'
import { migrate } from '../sut/system.ts'
import { createWalReader, type WalReader } from './wal-reader.ts'

export interface RigOptions {
  readonly runId: string
  /** Whose pools Postgres must have connections for: the largest of the run. */
  readonly profile: Profile
  readonly dbLatencyMs: number
  readonly redisLatencyMs: number
  readonly allowNonempty: boolean
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** What all trials of a run share: the stores, who makes the load, and who looks on. */
export interface Rig {
  readonly stores: Stores
  readonly generator: Generator
  /** For data, checks and evidence: not the system's own connections. */
  readonly client: pg.Client
  readonly wal: WalReader
  readonly directory: RunDirectory
  stop(): Promise<void>
}

/** Starts it, with a database of the current schema. What was started is stopped again when one part fails. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const { say, signal, runId, ...choices } = options
  await clearAfterKilled(say)
  const directory = createRunDirectory(runId)
  const stops: (() => Promise<unknown>)[] = [() => directory.remove()]
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne().catch(() => {})
  }
  try {
    say('starting Postgres, Redis and the mail sink')
    const stores = await startStores({
      ...choices,
      directory,
      databaseUrl: process.env['DATABASE_URL'] || undefined,
      redisUrl: process.env['REDIS_URL'] || undefined,
      signal,
    })
    stops.push(stores.stop)
    await migrate(stores)
    const generator = await startGenerator(directory, signal)
    stops.push(() => generator.stop())
    const client = new pg.Client({ connectionString: stores.postgres.url })
    client.on('error', () => {})
    await client.connect()
    stops.push(() => client.end())
    const wal = await createWalReader(stores.postgres.url, { mayCreateExtension: stores.postgres.pid !== null })
    stops.push(() => wal.close())
    return { stores, generator, client, wal, directory, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
