import Bull, { type AdvancedSettings, type Queue } from 'bull'
import { settleWithin } from '../closers.ts'
import { type ConnectOptions, connectForBull, type RedisClient, untilReady } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'

const READY_MS = 10_000
const CLOSE_MS = 2_000

export interface OpenQueue<Data> {
  readonly queue: Queue<Data>
  /** Does not wait for jobs, nor for a Redis that is away. */
  close(): Promise<void>
}

/** Bull leaves connections that it did not make itself open, so they are closed here. @throws when Redis is away */
export async function openQueue<Data>(
  name: string,
  keys: Keys,
  connection: ConnectOptions,
  settings: AdvancedSettings,
): Promise<OpenQueue<Data>> {
  const connections: RedisClient[] = []
  const queue = new Bull<Data>(name, {
    prefix: keys.bullPrefix,
    createClient(kind) {
      const redis = connectForBull(connection, kind)
      connections.push(redis)
      return redis
    },
    settings,
  }).on('error', connection.onError)
  const close = async () => {
    await settleWithin(CLOSE_MS, queue.close(true))
    for (const redis of connections) redis.disconnect()
  }
  try {
    await untilReady(queue.client, READY_MS)
    // Not before: by itself Bull waits for ever.
    await queue.isReady()
  } catch (error) {
    await close()
    throw error
  }
  return { queue, close }
}
