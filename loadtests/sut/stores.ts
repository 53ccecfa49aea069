import { UsageError } from '../errors.ts'
import type { Profile } from '../run-file.ts'
import { failOnDeath, firstDeath } from './child.ts'
import { type DelayProxy, startDelayProxy } from './delay-proxy.ts'
import { type MailSink, startMailSink } from './mail-sink.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import type { RunDirectory } from './run-directory.ts'
import { describeAddress, type Store } from './store.ts'
import { usePostgres } from './use-postgres.ts'
import { useRedis } from './use-redis.ts'

/** What our own Postgres allows unless the profile needs more. */
const USUAL_CONNECTIONS = 200
const HARNESS_CONNECTIONS = 10

export interface DelayOptions {
  readonly directory: RunDirectory
  /** What a round trip from the system to Postgres or Redis costs more; 0 = no proxy. */
  readonly dbLatencyMs: number
  readonly redisLatencyMs: number
  readonly signal?: AbortSignal
}

export interface StoresOptions extends DelayOptions {
  /** Servers that somebody else runs (DATABASE_URL, REDIS_URL); undefined starts our own. */
  readonly databaseUrl?: string | undefined
  readonly redisUrl?: string | undefined
  readonly allowNonempty: boolean
  /** Whose pools Postgres must have connections for: the largest of the run. */
  readonly profile: Profile
}

/** What a system under test stands on; one set serves all trials of a run. */
export interface Stores {
  readonly postgres: Store
  readonly redis: Store
  /** True when the Redis is ours alone, so that it can be flushed. */
  readonly ownsRedis: boolean
  readonly mailSink: MailSink
  /** What the system connects to: the stores, or the delay in front of them. */
  readonly databaseUrl: string
  readonly redisUrl: string
  /** Process ids of the delays. */
  readonly delayPids: readonly number[]
  /** While they are held, the delays are none. */
  holdDelays(areHeld: boolean): void
  /** Rejects when a part of our own ends unasked; never resolves. */
  readonly died: Promise<never>
  stop(): Promise<void>
}

/** Starts or uses Postgres and Redis, and starts the mail sink. What was started is stopped again when one part fails. */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { directory, signal, allowNonempty } = options
  const stops: (() => Promise<void>)[] = []
  const deaths: Promise<never>[] = []
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne()
  }
  const keep = async <T extends { stop(): Promise<void> }>(start: Promise<T>): Promise<T> => {
    const started = await start
    stops.push(() => started.stop())
    return started
  }
  const { databaseUrl, redisUrl } = options
  const needed = countConnections(options.profile)
  const maxConnections = Math.max(needed, USUAL_CONNECTIONS)
  const parts = await Promise.allSettled([
    keep(databaseUrl ? usePostgres(databaseUrl, { allowNonempty }) : startPostgres({ directory, maxConnections })),
    keep(redisUrl ? useRedis(redisUrl, { allowNonempty }) : startRedis({ directory })),
    keep(startMailSink(directory, signal)),
  ])
  try {
    const [postgres, redis, mailSink] = parts
    if (postgres.status === 'rejected') throw postgres.reason
    if (redis.status === 'rejected') throw redis.reason
    if (mailSink.status === 'rejected') throw mailSink.reason
    signal?.throwIfAborted()
    checkConnections(postgres.value, needed)
    deaths.push(postgres.value.died, redis.value.died, failOnDeath(mailSink.value.process))
    const direct: Stores = {
      postgres: postgres.value,
      redis: redis.value,
      ownsRedis: redisUrl === undefined,
      mailSink: mailSink.value,
      databaseUrl: postgres.value.url,
      redisUrl: redis.value.url,
      delayPids: [],
      holdDelays: () => undefined,
      died: firstDeath(deaths),
      stop,
    }
    return { ...(await keep(delayStores(direct, options))), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The same stores behind delays. Stopping these stops the delays alone. */
export async function delayStores(
  stores: Stores,
  { dbLatencyMs, redisLatencyMs, directory, signal }: DelayOptions,
): Promise<Stores> {
  const proxies: DelayProxy[] = []
  const stop = async () => {
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()))
  }
  const delay = async (name: string, storeUrl: string, delayMs: number): Promise<string> => {
    if (delayMs === 0) return storeUrl
    const proxy = await startDelayProxy({ name, storeUrl, delayMs, directory, ...(signal && { signal }) })
    proxies.push(proxy)
    return proxy.url
  }
  try {
    const databaseUrl = await delay('postgres-delay', stores.databaseUrl, dbLatencyMs)
    const redisUrl = await delay('redis-delay', stores.redisUrl, redisLatencyMs)
    const died = firstDeath([stores.died, ...proxies.map(({ process }) => failOnDeath(process))])
    return {
      ...stores,
      databaseUrl,
      redisUrl,
      delayPids: proxies.map(({ process }) => process.pid),
      holdDelays: (areHeld) => {
        for (const proxy of proxies) proxy.hold(areHeld)
      },
      died,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** All pools filled at the same time, and the harness's own. The scheduler has a pool as well, and one to be looked at. */
function countConnections({ servers, workers, pool }: Profile): number {
  return (servers + workers + 1) * pool + 1 + HARNESS_CONNECTIONS
}

/** @throws UsageError when a Postgres that somebody else runs allows fewer connections than the pools may open */
function checkConnections({ url, settings }: Store, needed: number): void {
  const allowed = Number(settings['max_connections'] ?? needed)
  if (needed <= allowed) return
  throw new UsageError(
    `The pools may open ${needed} connections, the Postgres at ${describeAddress(new URL(url), 5432)} allows ` +
      `${allowed} (max_connections): choose a smaller --pool, or fewer --servers and --workers.`,
  )
}
