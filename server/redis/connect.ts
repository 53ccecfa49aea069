import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, type Command, Redis, type RedisOptions } from 'ioredis'
import type { HistogramChild } from '../metrics/hot-histogram.ts'
import type { Cause, Metrics } from '../metrics/metrics.ts'
import { openCluster } from './open-cluster.ts'
import { parseRedisUrl, type RedisTarget } from './parse-redis-url.ts'

/** Dial within 5 s, an answer within 3 s. */
const DIAL_TIMEOUT_MS = 5_000
const COMMAND_TIMEOUT_MS = 3_000
/** Bull blocks for 5 s at most: a connection that says nothing for so long is dead. */
const BULL_SILENCE_MS = 15_000
/** Longer than anybody blocks, so that a connection that died silently is noticed. */
const BLOCKING_TIMEOUT_MS = 6_000
const READY_POLL_MS = 10
const SLOTS = 16_384

/** A connection to one server, also to the master that sentinels name, or the connections to a cluster's nodes. */
export type RedisClient = Redis | Cluster

export interface ConnectOptions {
  /** As `parseRedisUrl` takes it. */
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
export function connectRedis(options: ConnectOptions): RedisClient {
  return connect(options, {
    commandTimeout: COMMAND_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
}

/** A connection that blocks in reads for longer than a command may take. */
export function connectBlocking(options: ConnectOptions): RedisClient {
  return connect(options, {
    commandTimeout: BLOCKING_TIMEOUT_MS,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  })
}

/** A connection that only listens; it subscribes again by itself when it was interrupted. */
export function connectSubscriber(options: ConnectOptions): RedisClient {
  return connect(options, { socketTimeout: COMMAND_TIMEOUT_MS })
}

/** A connection for Bull's blocking and subscribing clients, with the settings that Bull demands. */
export function connectForBull(options: ConnectOptions, kind: 'client' | 'subscriber' | 'bclient'): RedisClient {
  if (kind === 'client') return connect(options, { enableOfflineQueue: false, commandTimeout: COMMAND_TIMEOUT_MS })
  const redis = connect(options, {
    maxRetriesPerRequest: null,
    enableReadyCheck: false,
    socketTimeout: BULL_SILENCE_MS,
  })
  return kind === 'bclient' ? neverRejecting(redis) : redis
}

/**
 * Bull opens its blocking connection again when a queue pauses, and looks at the outcome only when the jobs under way
 * have ended: a rejection before that would end the process, and those jobs with it. The client tries again anyway.
 */
function neverRejecting(redis: RedisClient): RedisClient {
  const open = redis.connect.bind(redis)
  redis.connect = () => open().catch(() => {})
  return redis
}

/** Waits until commands can be sent, on a cluster to each of its masters. @throws Error when that takes too long */
export async function untilReady(client: RedisClient, timeoutMs: number): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs
  const isReady = () => client.status === 'ready' && mastersOf(client).every(({ status }) => status === 'ready')
  while (!isReady()) {
    if (performance.now() >= giveUpAt) throw new Error(`Redis was not reachable within ${Math.round(timeoutMs)} ms`)
    await sleep(READY_POLL_MS)
  }
}

/** @throws Error when the server, or a part of the cluster, does not answer */
export async function checkRedis(client: RedisClient): Promise<void> {
  await Promise.all(mastersOf(client).map((master) => master.ping()))
  if (!(client instanceof Cluster)) return
  const state = await client.cluster('INFO')
  if (!String(state).includes(`cluster_slots_ok:${SLOTS}\r`))
    throw new Error('The Redis Cluster does not serve all of its slots')
}

const mastersOf = (client: RedisClient): Redis[] => (client instanceof Cluster ? client.nodes('master') : [client])

function connect(options: ConnectOptions, settings: RedisOptions): RedisClient {
  const target = parseRedisUrl(options.url)
  const shared = { connectTimeout: DIAL_TIMEOUT_MS, ...settings }
  const prepare = (node: Redis) => {
    endTimerWithConnection(node)
    countCommands(node, options)
  }
  if (target.kind === 'cluster') {
    const cluster = openCluster(target, shared, { retryStrategy: backOff, onNode: prepare })
    return cluster.on('error', options.onError).on('node error', options.onError)
  }
  const redis = openServer(target, { ...shared, retryStrategy: backOff })
  redis.on('error', options.onError)
  prepare(redis)
  return redis
}

/**
 * In ioredis 5 the timer of `socketTimeout` outlives its connection and ends the one that came after it, although that one
 * answers (redis/ioredis#2147, mended in 6; Bull 4 needs 5).
 */
function endTimerWithConnection(redis: Redis): void {
  const timed = redis as unknown as { socketTimeoutTimer?: NodeJS.Timeout | undefined }
  redis.on('close', () => {
    clearTimeout(timed.socketTimeoutTimer)
    timed.socketTimeoutTimer = undefined
  })
}

const backOff = (attempt: number) => Math.min(50 * 2 ** attempt, 1_000)

function openServer(target: Exclude<RedisTarget, { kind: 'cluster' }>, settings: RedisOptions): Redis {
  if (target.kind === 'server') return new Redis(target.url, settings)
  const { sentinels, master, username, password, isEncrypted } = target
  return new Redis({
    ...settings,
    sentinels: [...sentinels],
    name: master,
    username,
    password,
    // A master that hangs keeps its connections: the sentinels tell when another one took over.
    failoverDetector: true,
    sentinelCommandTimeout: COMMAND_TIMEOUT_MS,
    ...(isEncrypted && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  })
}

/** Counts and times at the client: each command once, each pipeline as one round trip. */
function countCommands(redis: Redis, { cause, metrics }: ConnectOptions): void {
  metrics.redisConnections(redis)
  const commands = metrics.redisCommands.labels(cause)
  const roundTrips = metrics.redisRoundTrips.labels(cause)
  const observe = createDurations(metrics)
  const pipelines = new WeakSet<object>()
  const send = redis.sendCommand
  redis.sendCommand = function (command, stream) {
    commands.inc()
    if (stream === undefined) roundTrips.inc()
    else if (!pipelines.has(stream)) {
      pipelines.add(stream)
      roundTrips.inc()
    }
    observe(command)
    return send.call(this, command, stream)
  }
}

/** Looks the labels of a command up once: this runs for every request. */
function createDurations(metrics: Metrics): (command: Command) => void {
  const children = new Map<string, HistogramChild>()
  return ({ name, promise }) => {
    const child = children.get(name) ?? metrics.redisDuration.labels(name.toLowerCase())
    children.set(name, child)
    const stop = child.startTimer()
    promise.then(stop, stop)
  }
}
