import { type DelayProxy, startDelayProxy } from './delay-proxy.ts'
import { type MailSink, startMailSink } from './mail-sink.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import type { RunDirectory } from './run-directory.ts'
import type { Store } from './store.ts'
import { usePostgres } from './use-postgres.ts'
import { useRedis } from './use-redis.ts'

export interface StoresOptions {
  readonly directory: RunDirectory
  /** Servers that somebody else runs (DATABASE_URL, REDIS_URL); undefined starts our own. */
  readonly databaseUrl?: string | undefined
  readonly redisUrl?: string | undefined
  readonly allowNonempty: boolean
  /** What a round trip from the system to Postgres or Redis costs more; 0 = no proxy. */
  readonly dbLatencyMs: number
  readonly redisLatencyMs: number
  readonly signal?: AbortSignal
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
  stop(): Promise<void>
}

/** Starts or uses Postgres and Redis, and starts the mail sink. What was started is stopped again when one part fails. */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { directory, signal, allowNonempty } = options
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne()
  }
  const keep = async <T extends { stop(): Promise<void> }>(start: Promise<T>): Promise<T> => {
    const started = await start
    stops.push(() => started.stop())
    return started
  }
  const delay = async (name: string, storeUrl: string, delayMs: number): Promise<string> => {
    if (delayMs === 0) return storeUrl
    const proxy: DelayProxy = await keep(
      startDelayProxy({ name, storeUrl, delayMs, directory, ...(signal && { signal }) }),
    )
    return proxy.url
  }
  const { databaseUrl, redisUrl } = options
  const parts = await Promise.allSettled([
    keep(databaseUrl ? usePostgres(databaseUrl, { allowNonempty }) : startPostgres({ directory })),
    keep(redisUrl ? useRedis(redisUrl, { allowNonempty }) : startRedis({ directory })),
    keep(startMailSink(directory, signal)),
  ])
  try {
    const [postgres, redis, mailSink] = parts
    if (postgres.status === 'rejected') throw postgres.reason
    if (redis.status === 'rejected') throw redis.reason
    if (mailSink.status === 'rejected') throw mailSink.reason
    signal?.throwIfAborted()
    return {
      postgres: postgres.value,
      redis: redis.value,
      ownsRedis: redisUrl === undefined,
      mailSink: mailSink.value,
      databaseUrl: await delay('postgres-delay', postgres.value.url, options.dbLatencyMs),
      redisUrl: await delay('redis-delay', redis.value.url, options.redisLatencyMs),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
