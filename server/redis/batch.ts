import { type ChainableCommander, Cluster } from 'ioredis'
import type { RedisClient } from './connect.ts'
import { execute } from './script.ts'

/**
 * Commands that are sent together: in one pipeline, on a cluster in one per hash tag, because only there all keys are
 * certain to live on one node.
 */
export interface Batch {
  /**
   * The pipeline that carries a key. Add exactly one command to it: `execute` has its reply at the same place.
   * @param script text of a script that the command needs; it is sent along, once
   */
  at(key: string, script?: string): ChainableCommander
  /** @returns the replies in the order of `at`. @throws the first error among them, none is hidden */
  execute(): Promise<unknown[]>
}

interface Part {
  readonly pipeline: ChainableCommander
  readonly scripts: Set<string>
}

export function createBatch(redis: RedisClient): Batch {
  const parts = new Map<string, Part>()
  const places: { tag: string; index: number }[] = []

  function partOf(tag: string): Part {
    const part = parts.get(tag) ?? { pipeline: redis.pipeline(), scripts: new Set() }
    parts.set(tag, part)
    return part
  }

  return {
    at(key, script) {
      const tag = redis instanceof Cluster ? hashTagOf(key) : ''
      const { pipeline, scripts } = partOf(tag)
      if (script !== undefined && !scripts.has(script)) pipeline.script('LOAD', script)
      if (script !== undefined) scripts.add(script)
      places.push({ tag, index: pipeline.length })
      return pipeline
    },
    async execute() {
      const sent = [...parts].map(async ([tag, { pipeline }]) => [tag, await execute(pipeline)] as const)
      const replies = new Map(await Promise.all(sent))
      return places.map(({ tag, index }) => replies.get(tag)?.[index])
    },
  }
}

const hashTagOf = (key: string) => /\{([^}]+)\}/.exec(key)?.[1] ?? key
