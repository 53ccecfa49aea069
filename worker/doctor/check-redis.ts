import type { RedisClient } from '../../server/redis/connect.ts'
import { bad, type Finding, good, judgeLatency, measureLatency } from './check.ts'

const LEAST = [6, 2] as const

export async function checkRedis(redis: RedisClient): Promise<Finding[]> {
  const facts = parseInfo(await redis.info())
  return [...judgeRedis(facts), judgeLatency('Redis', await measureLatency(() => redis.ping()))]
}

/** @param facts of INFO, by name */
export function judgeRedis(facts: ReadonlyMap<string, string>): Finding[] {
  return [judgeVersion(facts.get('redis_version') ?? '?'), judgePersistence(facts), judgeEviction(facts)]
}

export function parseInfo(text: string): Map<string, string> {
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':')
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : []
    }),
  )
}

function judgeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isEnough = major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1])
  if (isEnough) return good('Redis', `version ${version}`)
  return bad('Redis', `version ${version}`, `Use ${LEAST.join('.')} or newer: scripts and streams need it.`)
}

function judgePersistence(facts: ReadonlyMap<string, string>): Finding {
  const name = 'Redis persistence'
  if (facts.get('aof_enabled') !== '1')
    return bad(name, 'the append-only file is off', 'Set `appendonly yes`: a restart would lose accepted redemptions.')
  const status = facts.get('aof_last_write_status') ?? '?'
  if (status === 'ok') return good(name, 'append-only file on')
  return bad(name, `append-only file: last write ${status}`, 'Look at the disk of Redis and its log.')
}

function judgeEviction(facts: ReadonlyMap<string, string>): Finding {
  const policy = facts.get('maxmemory_policy') ?? '?'
  if (policy === 'noeviction') return good('Redis eviction', `maxmemory-policy ${policy}`)
  return bad(
    'Redis eviction',
    `maxmemory-policy ${policy}`,
    'Set `maxmemory-policy noeviction`: nothing may be dropped.',
  )
}
