import { Redis, type RedisOptions } from 'ioredis'
import type { Cause, Metrics } from '../metrics/metrics.ts'

/** Dial within 5 s, an answer within 3 s. */
const DIAL_TIMEOUT_MS = 5_000
const COMMAND_TIMEOUT_MS = 3_000
/** Longer than anybody blocks, so that a connection that died silently is noticed. */
const BLOCKING_TIMEOUT_MS = 6_000

export interface ConnectOptions {
  readonly url: string
  readonly cause: Cause
  readonly metrics: Metrics
  /** Called with each connection error; ioredis reconnects by itself. */
  readonly onError: (error: Error) => void
}

/**
 * A connection for scripts and plain commands. It fails at once while Redis is away, and never sends a command again
 * by itself: whoever retries must first read the server's run id anew (`RunId`).
 */
export function connectRedis(options: ConnectOptions): Redis {
  return connect(options, {
    commandTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
}

/** A connection that blocks in reads for longer than a command may take. */
export function connectBlocking(options: ConnectOptions): Redis {
  return connect(options, {
    commandTimeout: BLOCKING_TIMEOUT_MS,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
}

/** A connection that only listens; it subscribes again by itself when it was interrupted. */
export function connectSubscriber(options: ConnectOptions): Redis {
  return connect(options, {})
}

/** A connection for Bull's blocking and subscribing clients, with the settings that Bull demands. */
export function connectForBull(options: ConnectOptions, kind: 'client' | 'subscriber' | 'bclient'): Redis {
  if (kind === 'client') return connect(options, { enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS })
  return connect(options, { maxRetriesPerRequest: null, enableReadyCheck: false })
}

function connect(options: ConnectOptions, settings: RedisOptions): Redis {
  const redis = new Redis(options.url, {
    connectTimeout: DIAL_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1_000),
    ...settings,
  })
  redis.on('error', options.onError)
  countCommands(redis, options)
  return redis
}

/** Counts at the client: each command once, each pipeline as one round trip. */
function countCommands(redis: Redis, { cause, metrics }: ConnectOptions): void {
  const commands = metrics.redisCommands.labels(cause)
  const roundTrips = metrics.redisRoundTrips.labels(cause)
  const pipelines = new WeakSet<object>()
  const send = redis.sendCommand
  redis.sendCommand = function (command, stream) {
    commands.inc()
    if (stream === undefined) roundTrips.inc()
    else if (!pipelines.has(stream)) {
      pipelines.add(stream)
      roundTrips.inc()
    }
    return send.call(this, command, stream)
  }
}
