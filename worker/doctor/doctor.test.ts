import { expect, test } from 'vitest'
import type { RegisteredProcess } from '../../server/redis/process-registry.ts'
import { judgeLatency } from './check.ts'
import { judgeBacklog } from './check-backlog.ts'
import { judgePools, judgeProcesses } from './check-processes.ts'
import { judgeRedis, parseInfo } from './check-redis.ts'

const wrong = (findings: readonly { name: string; ok: boolean }[]) =>
  findings.filter(({ ok }) => !ok).map(({ name }) => name)
const HEALTHY = {
  redis_version: '7.0.15',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
  maxmemory_policy: 'noeviction',
}

test.each([
  [{}, []],
  [{ redis_version: '6.2.0' }, []],
  [{ redis_version: '6.0.16' }, ['Redis']],
  [{ redis_version: '5.0.14' }, ['Redis']],
  [{ aof_enabled: '0' }, ['Redis persistence']],
  [{ aof_last_write_status: 'err' }, ['Redis persistence']],
  [{ maxmemory_policy: 'allkeys-lru' }, ['Redis eviction']],
])('a Redis with %j: %j', (changed, names) => {
  const info = Object.entries({ ...HEALTHY, ...changed }).map(([name, value]) => `${name}:${value}\r\n`)
  expect(wrong(judgeRedis(parseInfo(`# Server\r\n${info.join('')}`)))).toEqual(names)
})

const alive = (kind: RegisteredProcess['kind'], mode = 'token-bucket', pool_max = 10) =>
  ({ kind, mode, pool_max, host: 'h', pid: 1, version: '1', silent_ms: 0 }) as RegisteredProcess
const ALL = [alive('server'), alive('worker'), alive('scheduler')]

test.each([
  ['everybody', ALL, 'token-bucket', []],
  ['nobody', [], undefined, ['servers', 'workers', 'schedulers']],
  ['no scheduler', ALL.slice(0, 2), 'token-bucket', ['schedulers']],
  ['two modes', [...ALL, alive('server', 'none')], 'none', ['mode']],
  ['another mode was entered since', ALL, 'none', ['mode']],
])('%s is alive', (_, processes, servingMode, names) => {
  expect(wrong(judgeProcesses(processes, servingMode))).toEqual(names)
})

test('pools, backlogs and latencies are held against their bounds', () => {
  const settings = { max_connections: 33, superuser_reserved_connections: 3, reserved_connections: 0 }
  expect(judgePools(settings, ALL)).toMatchObject({
    ok: true,
    detail: 'all pools together 30 of 30 that Postgres gives',
  })
  expect(judgePools(settings, [...ALL, alive('worker')]).ok).toBe(false)
  expect(judgeBacklog('outbox', { waiting: 0, oldestSeconds: null }, '').ok).toBe(true)
  expect(judgeBacklog('outbox', { waiting: 3, oldestSeconds: 59 }, '').ok).toBe(true)
  expect(judgeBacklog('outbox', { waiting: 3, oldestSeconds: 61 }, '').ok).toBe(false)
  expect(judgeLatency('Redis', 20).ok).toBe(true)
  expect(judgeLatency('Redis', 21).ok).toBe(false)
})
