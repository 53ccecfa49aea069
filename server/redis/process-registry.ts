import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { ProcessInfo } from '../lifecycle.ts'
import { VERSION } from '../version.ts'
import type { RedisClient } from './connect.ts'
import type { Keys } from './keys.ts'
import { execute } from './script.ts'

const HEARTBEAT_MS = 2_000
/** A process that was not heard of for so long, by Redis's clock, is gone. */
const LIFETIME_MS = 10_000

/** What a process says of itself. */
export interface ProcessDescription {
  readonly kind: ProcessInfo['kind']
  /** Of its operations port; empty until it listens. */
  readonly ops_url: string
  /** Most connections to Postgres of all its pools together. */
  readonly pool_max: number
  /** Jobs that it works on at a time; null when it takes none. */
  readonly concurrency: number | null
  /** Limiter mode that it was started with. */
  readonly mode: string
}

export interface RegisteredProcess extends ProcessDescription {
  readonly id: string
  readonly pid: number
  readonly host: string
  /** ISO 8601. */
  readonly started_at: string
  readonly version: string
  /** Since its last heartbeat. */
  readonly silent_ms: number
}

export interface Registration {
  readonly id: string
  /** Adds what was not known at the start. */
  tell(news: Partial<ProcessDescription>): Promise<void>
  /** Takes this process out of the registry, if Redis is there to hear of it. */
  close(): Promise<void>
}

export interface RegistryParts {
  readonly redis: RedisClient
  readonly keys: Keys
}

/** Writes this process into the registry and keeps it there. @throws when Redis cannot be asked the first time */
export async function registerProcess(
  { redis, keys }: RegistryParts,
  description: ProcessDescription,
): Promise<Registration> {
  const id = randomUUID()
  const constant = { id, pid: process.pid, host: hostname(), started_at: new Date().toISOString(), version: VERSION }
  let told = description

  async function beat(): Promise<void> {
    const text = JSON.stringify({ ...constant, ...told })
    await execute(redis.multi().sadd(keys.processes, id).set(keys.process(id), text, 'PX', LIFETIME_MS))
  }
  await beat()
  // A Redis that is away hears of this process when it is back.
  const timer = setInterval(() => void beat().catch(() => {}), HEARTBEAT_MS)
  return {
    id,
    async tell(news) {
      told = { ...told, ...news }
      await beat()
    },
    async close() {
      clearInterval(timer)
      await execute(redis.multi().srem(keys.processes, id).del(keys.process(id))).catch(() => {})
    },
  }
}

/** All processes that are alive, in the order of their start. @throws when Redis cannot be asked */
export async function listProcesses({ redis, keys }: RegistryParts): Promise<RegisteredProcess[]> {
  const ids = await redis.smembers(keys.processes)
  if (ids.length === 0) return []
  const pipeline = redis.pipeline().mget(ids.map((id) => keys.process(id)))
  for (const id of ids) pipeline.pttl(keys.process(id))
  const [texts, ...lifetimes] = (await execute(pipeline)) as [(string | null)[], ...number[]]
  const gone = ids.filter((_, index) => texts[index] == null)
  // One that is not gone after all adds itself again with its next heartbeat.
  if (gone.length > 0) await redis.srem(keys.processes, ...gone)
  return texts
    .flatMap((text, index) => {
      if (text === null) return []
      return [{ ...JSON.parse(text), silent_ms: Math.max(0, LIFETIME_MS - (lifetimes[index] ?? 0)) }]
    })
    .sort((one: RegisteredProcess, other: RegisteredProcess) => (one.started_at < other.started_at ? -1 : 1))
}
