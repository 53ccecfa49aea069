import { Cluster, type Redis } from 'ioredis'
import { type RedisClient, untilReady } from './connect.ts'

const ASK_AGAIN_MS = 100

/**
 * The run id of the Redis at the other end of a connection: it changes when Redis restarts or another one takes over.
 * On a cluster a command may be passed on to a node that its sender knows nothing of, so there it is `self` and a
 * number: scripts read the run id where they run (bucket-identity.lua), and the number changes with each node lost.
 */
export interface RunId {
  /** Undefined while the connection is down or the id has not been read on it yet. */
  readonly current: string | undefined
  /** @throws Error when it is not known in time */
  known(timeoutMs: number): Promise<string>
}

/** Use it on a connection that never sends commands again by itself. */
export function trackRunId(client: RedisClient): RunId {
  return client instanceof Cluster ? trackCluster(client) : trackServer(client)
}

function trackCluster(cluster: Cluster): RunId {
  let lost = 0
  const count = () => void lost++
  cluster.on('-node', count).on('close', count)
  const id = () => `self#${lost}`
  return {
    get current() {
      return cluster.status === 'ready' ? id() : undefined
    },
    async known(timeoutMs) {
      await untilReady(cluster, timeoutMs)
      return id()
    },
  }
}

/** Reads the run id on each new connection. */
function trackServer(redis: Redis): RunId {
  let current: string | undefined
  const listeners = new Set<(id: string) => void>()

  async function read(): Promise<void> {
    const info = await redis.info('server')
    current = /^run_id:(\w+)/m.exec(info)?.[1]
    if (current !== undefined) for (const listener of [...listeners]) listener(current)
  }

  const readAgain = () => {
    // A connection that breaks before its answer comes is followed by another 'ready'; a slow one is asked again.
    read().catch(() => {
      if (redis.status === 'ready') setTimeout(readAgain, ASK_AGAIN_MS).unref()
    })
  }
  redis.on('ready', readAgain)
  redis.on('close', () => {
    current = undefined
  })
  if (redis.status === 'ready') readAgain()

  return {
    get current() {
      return current
    },
    known(timeoutMs) {
      if (current !== undefined) return Promise.resolve(current)
      return new Promise((resolve, reject) => {
        const settle = (finish: () => void) => {
          clearTimeout(timer)
          listeners.delete(listener)
          finish()
        }
        const listener = (id: string) => settle(() => resolve(id))
        const timer = setTimeout(
          () => settle(() => reject(new Error(`Redis was not reachable within ${Math.round(timeoutMs)} ms`))),
          timeoutMs,
        )
        listeners.add(listener)
      })
    },
  }
}
