import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { loadScript } from '../redis/script.ts'
import type { LimiterMode } from './limiter.ts'

const ENTER = loadScript(import.meta.url, 'enter-mode.lua')

/** Enters a mode; when another one served last, all buckets are invalid from here on. @returns the generation */
export async function enterMode(redis: RedisClient, keys: Keys, mode: LimiterMode): Promise<string> {
  return String(await ENTER.run(redis, [keys.mode], [mode]))
}

/** Which mode serves; undefined before the first server started. */
export async function readMode(
  redis: RedisClient,
  keys: Keys,
): Promise<{ name: string; generation: string } | undefined> {
  const [name, generation] = await redis.hmget(keys.mode, 'name', 'generation')
  return name == null || generation == null ? undefined : { name, generation }
}
