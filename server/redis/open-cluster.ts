import { Cluster, type Redis, type RedisOptions } from 'ioredis'
import type { RedisTarget } from './parse-redis-url.ts'

/** How often a client asks which node serves what, beside what the nodes tell it by themselves (MOVED). */
const SLOTS_REFRESH_MS = 5_000
const SLOTS_TIMEOUT_MS = 3_000

export interface ClusterHooks {
  readonly retryStrategy: (attempt: number) => number
  /** Called with the connection to each node before anything is sent on it. */
  readonly onNode: (node: Redis) => void
}

/**
 * Opens a client of a Redis Cluster whose settings mean what they mean for one server. A command that a node did not
 * take (MOVED) goes to the right one; one whose answer was lost is sent again only where the settings allow it.
 */
export function openCluster(
  target: Extract<RedisTarget, { kind: 'cluster' }>,
  settings: RedisOptions,
  { retryStrategy, onNode }: ClusterHooks,
): Cluster {
  const { enableOfflineQueue = true, autoResendUnfulfilledCommands: sendAgain = true, ...node } = settings
  const { username, password, isEncrypted } = target
  const cluster = new Cluster([...target.nodes], {
    clusterRetryStrategy: retryStrategy,
    enableOfflineQueue,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
    // 0 = tell the caller at once. Otherwise ioredis sends what the broken connection may have carried out already.
    ...(!sendAgain && { retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 }),
    redisOptions: {
      ...node,
      autoResendUnfulfilledCommands: sendAgain,
      username,
      password,
      ...(isEncrypted && { tls: {} }),
    },
  })
  cluster.on('+node', onNode)
  if (!enableOfflineQueue) connectEagerly(cluster)
  if (settings.commandTimeout !== undefined) limitWaiting(cluster, settings.commandTimeout)
  return cluster
}

/**
 * ioredis dials a node with the first command for it, and without an offline queue refuses the second one meanwhile: of
 * a pipeline the first command would then be sent without the others, and get the answer of another one.
 */
function connectEagerly(cluster: Cluster): void {
  const dial = (node: Redis) => {
    if (node.status === 'wait') node.connect().catch(() => {})
  }
  cluster.on('ready', () => cluster.nodes('master').forEach(dial))
  cluster.on('+node', (node: Redis) => {
    if (cluster.status === 'ready') dial(node)
  })
}

/** ioredis limits only the time at a node, not the time in the queue of a cluster that cannot be reached. */
function limitWaiting(cluster: Cluster, timeoutMs: number): void {
  const send = cluster.sendCommand
  cluster.sendCommand = function (command, stream, node) {
    command.setTimeout(timeoutMs)
    return send.call(this, command, stream, node)
  }
}
