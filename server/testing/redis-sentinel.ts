import { isInSync } from './redis-cluster.ts'
import { type RedisProcess, startRedisProcess, untilTrue } from './redis-process.ts'

const MASTER_NAME = 'redline-test'
const SENTINELS = 3
/** How many sentinels must miss a master before one of them replaces it. */
const QUORUM = 2
const SERVER = ['appendonly yes', 'appendfsync everysec', 'repl-diskless-sync-delay 0']

/** A master, a replica and three sentinels that watch them. */
export interface RedisWithSentinels {
  readonly url: string
  readonly master: RedisProcess
  readonly replica: RedisProcess
  stop(): Promise<void>
}

export async function startRedisWithSentinels(): Promise<RedisWithSentinels> {
  const started: RedisProcess[] = []
  const stop = async () => void (await Promise.all(started.map((redis) => redis.stop())))
  async function start(...given: Parameters<typeof startRedisProcess>): Promise<RedisProcess> {
    const redis = await startRedisProcess(...given)
    started.push(redis)
    return redis
  }
  try {
    const master = await start(SERVER)
    const replica = await start([...SERVER, `replicaof 127.0.0.1 ${master.port}`])
    await untilTrue('a replica', () => isInSync(replica))
    const lines = [
      `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${MASTER_NAME} 3000`,
      `sentinel failover-timeout ${MASTER_NAME} 5000`,
    ]
    const sentinels = []
    for (let count = 0; count < SENTINELS; count++) sentinels.push(await start(lines, 'sentinel'))
    await Promise.all(sentinels.map((sentinel) => untilTrue('a sentinel', () => knowsAll(sentinel))))
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
    return { url: `redis+sentinel://${hosts}/${MASTER_NAME}`, master, replica, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A sentinel finds the replica and the other sentinels by itself. */
async function knowsAll({ admin }: RedisProcess): Promise<boolean> {
  const info = await admin.info('sentinel')
  return info.includes(`status=ok,address=`) && info.includes(`slaves=1,sentinels=${SENTINELS}`)
}
