import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ChainableCommander } from 'ioredis'
import type { Batch } from './batch.ts'
import type { RedisClient } from './connect.ts'

/** A Lua script, sent by its hash; Redis gets the text only where it does not know it. */
export interface Script {
  run(redis: RedisClient, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** Adds a call to a batch, which brings the text along. */
  queue(batch: Batch, keys: readonly [string, ...string[]], args: readonly (string | number)[]): void
}

/** @param files Lua files beside the caller, joined in this order: shared functions first */
export function loadScript(base: string, ...files: string[]): Script {
  const text = files.map((file) => readFileSync(new URL(file, base), 'utf8')).join('\n')
  const sha = createHash('sha1').update(text).digest('hex')
  return {
    run(redis, keys, args) {
      return redis.evalsha(sha, keys.length, ...keys, ...args).catch((error: Error) => {
        if (!error.message.startsWith('NOSCRIPT')) throw error
        return redis.eval(text, keys.length, ...keys, ...args)
      })
    },
    queue(batch, keys, args) {
      batch.at(keys[0], text).evalsha(sha, keys.length, ...keys, ...args)
    },
  }
}

/** Runs a pipeline or transaction. @throws the first error of its commands, none is hidden */
export async function execute(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? []
  return replies.map(([error, value]) => {
    if (error) throw error
    return value
  })
}
