import type { RedisClient } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { execute } from '../redis/script.ts'

export const QUEUE_NAMES = ['invite', 'maintenance'] as const
/** Active jobs that are told one by one. */
const MAX_ACTIVE = 100

export interface ActiveJob {
  readonly id: string
  readonly name: string
  /** ISO 8601. */
  readonly started_at: string | null
  /** Tries before this one. */
  readonly failures: number
}

export interface RepeatableJob {
  readonly name: string
  /** A cron expression with its time zone, or a number of ms. */
  readonly schedule: string
  /** ISO 8601. */
  readonly next_at: string
}

export interface QueueReport {
  readonly name: string
  readonly paused: boolean
  readonly counts: Readonly<Record<'waiting' | 'active' | 'delayed' | 'completed' | 'failed', number>>
  readonly active: readonly ActiveJob[]
  readonly repeatable: readonly RepeatableJob[]
}

/** What stands in Bull's queues, read without opening them: that would start to look after stalled jobs. */
export async function inspectQueue(redis: RedisClient, keys: Keys, name: string): Promise<QueueReport> {
  const key = (part: string) => `${keys.bullPrefix}:${name}:${part}`
  const pipeline = redis.pipeline().exists(key('meta-paused')).llen(key('wait')).llen(key('paused')).llen(key('active'))
  for (const set of ['delayed', 'completed', 'failed']) pipeline.zcard(key(set))
  const numbers = (await execute(pipeline)) as number[]
  const [paused, wait = 0, held = 0, active = 0, delayed = 0, completed = 0, failed = 0] = numbers
  const ids = await redis.lrange(key('active'), -MAX_ACTIVE, -1)
  const repeat = await redis.zrange(key('repeat'), 0, -1, 'WITHSCORES')
  return {
    name,
    paused: paused === 1,
    counts: { waiting: wait + held, active, delayed, completed, failed },
    active: await Promise.all(ids.map((id) => describeJob(redis, key(id), id))),
    repeatable: describeRepeatable(repeat),
  }
}

async function describeJob(redis: RedisClient, key: string, id: string): Promise<ActiveJob> {
  const [name, processedOn, failures] = await redis.hmget(key, 'name', 'processedOn', 'attemptsMade')
  const startedAt = processedOn == null ? null : new Date(Number(processedOn)).toISOString()
  // Bull's name for a job without one.
  return {
    id,
    name: name === '__default__' ? '' : (name ?? ''),
    started_at: startedAt,
    failures: Number(failures ?? 0),
  }
}

/** Members are `name:jobId:endDate:timezone:cron` or `name:jobId:endDate:ms`, scores the time of the next run. */
export function describeRepeatable(membersAndScores: readonly string[]): RepeatableJob[] {
  const found: RepeatableJob[] = []
  for (let index = 0; index + 1 < membersAndScores.length; index += 2) {
    const [name = '', , , ...schedule] = (membersAndScores[index] ?? '').split(':')
    const nextAt = new Date(Number(membersAndScores[index + 1])).toISOString()
    found.push({ name, schedule: schedule.filter((part) => part !== '').join(' '), next_at: nextAt })
  }
  return found
}
