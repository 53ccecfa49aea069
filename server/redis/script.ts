import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ChainableCommander, Redis } from 'ioredis'

/** A Lua script, sent by its hash; Redis gets the text only where it does not know it. */
export interface Script {
  run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** Makes the hash known, so that `queue` can be used on a pipeline. */
  load(redis: Redis): Promise<void>
  queue(pipeline: ChainableCommander, keys: readonly string[], args: readonly (string | number)[]): void
}

/** @param files Lua files beside the caller, joined in this order: shared functions first */
export function loadScript(base: string, ...files: string[]): Script {
  const text = files.map((file) => readFileSync(new URL(file, base), 'utf8')).join('\n')
  const sha = createHash('sha1').update(text).digest('hex')
  return {
    async run(redis, keys, args) {
      try {
        return await redis.evalsha(sha, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
        return redis.eval(text, keys.length, ...keys, ...args)
      }
    },
    async load(redis) {
      await redis.script('LOAD', text)
    },
    queue(pipeline, keys, args) {
      pipeline.evalsha(sha, keys.length, ...keys, ...args)
    },
  }
}

/** Runs a pipeline. @throws the first error of its commands, none is hidden */
export async function execute(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? []
  return replies.map(([error, value]) => {
    if (error) throw error
    return value
  })
}
