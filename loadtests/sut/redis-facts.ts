import { Redis } from 'ioredis'

const RECORDED = ['appendonly', 'appendfsync', 'maxmemory', 'maxmemory-policy', 'save'] as const

export interface RedisFacts {
  version: string
  settings: Record<string, string>
}

/** Connects once; an error is thrown, not tried again. The caller disconnects. */
export async function connectRedis(url: string, timeoutMs: number): Promise<Redis> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  // Without a listener ioredis prints; `connect` alone hides why a connection failed.
  let reason: Error | undefined
  client.on('error', (error: Error) => {
    reason = error
  })
  try {
    await client.connect()
    return client
  } catch (error) {
    client.disconnect()
    throw reason ?? error
  }
}

/** Version and the settings that decide what survives a crash. A Redis that forbids CONFIG gives none. */
export async function readRedisFacts(url: string): Promise<RedisFacts> {
  const client = await connectRedis(url, 5_000)
  try {
    const info = await client.info('server')
    const version = /^valkey_version:(\S+)/m.exec(info)?.[1] ?? /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
    const settings: Record<string, string> = {}
    for (const name of RECORDED) {
      const reply = await client.config('GET', name).catch(() => null)
      if (Array.isArray(reply) && typeof reply[1] === 'string') settings[name] = reply[1]
    }
    return { version, settings }
  } finally {
    client.disconnect()
  }
}
