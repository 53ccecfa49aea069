import { expect, test } from 'vitest'
import type { RegisteredProcess } from '../redis/process-registry.ts'
import { describeTargets } from './targets.ts'

const describeProcess = (kind: RegisteredProcess['kind'], opsUrl: string): RegisteredProcess => ({
  kind,
  ops_url: opsUrl,
  pool_max: 10,
  concurrency: null,
  mode: 'none',
  id: '7',
  pid: 1,
  host: 'box',
  started_at: '2026-01-01T00:00:00.000Z',
  version: '1',
  silent_ms: 0,
})

test('each process that listens is a target of its kind', () => {
  const processes = [
    describeProcess('server', 'http://127.0.0.1:9464'),
    describeProcess('server', 'http://127.0.0.1:9465'),
    describeProcess('worker', ''),
  ]
  expect(describeTargets(processes)).toEqual([
    { targets: ['127.0.0.1:9464'], labels: { job: 'server' } },
    { targets: ['127.0.0.1:9465'], labels: { job: 'server' } },
  ])
})

test.each(['http://0.0.0.0:9474', 'http://[::]:9474'])('%s is found by the name of its machine', (url) => {
  expect(describeTargets([describeProcess('worker', url)])).toEqual([
    { targets: ['box:9474'], labels: { job: 'worker' } },
  ])
})
