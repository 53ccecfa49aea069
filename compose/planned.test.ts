import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { emitSettings } from '../loadtests/plan/emit-settings.ts'
import { serverConfig } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { workerConfig } from '../worker/config.ts'
import { readCompose } from './testing/read-compose.ts'

/** What `npm run plan -- --emit` writes must fit what stands here. */
const profile = { servers: 3, workers: 2, concurrency: 5, pool: 8, semaphore: 4, redis_connections: 1 }

test('an environment that server and worker understand', () => {
  const lines = emitSettings('env', profile, 'in-process')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const environment = Object.fromEntries(lines.map((line) => line.split('=') as [string, string]))
  const stores = { DATABASE_URL: 'postgres://127.0.0.1/x', REDIS_URL: 'redis://127.0.0.1' }
  const server = parseEnvironment(serverConfig, { ...stores, ...environment })
  expect(server).toMatchObject({ SERVER_PROCESSES: 3, LIMITER_MODE: 'in-process', SEMAPHORE_LIMIT: 4, DB_POOL_MAX: 8 })
  const worker = parseEnvironment(workerConfig, { ...stores, SMTP_URL: 'smtp://127.0.0.1:25', ...environment })
  expect(worker).toMatchObject({ WORKER_PROCESSES: 2, WORKER_CONCURRENCY: 5 })
})

test('an overlay that compose.yaml can be started with', () => {
  const directory = mkdtempSync(join(tmpdir(), 'planned-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const overlay = join(directory, 'compose.planned.yaml')
  writeFileSync(overlay, emitSettings('compose', profile, 'token-bucket'))
  const { services } = readCompose(['compose.yaml', overlay])
  for (const name of ['server-1', 'server-2'])
    expect(services[name]?.environment).toMatchObject({ SERVER_PROCESSES: '2', DB_POOL_MAX: '8', PORT: '3000' })
  expect(services['worker']?.environment).toMatchObject({ WORKER_PROCESSES: '2', WORKER_CONCURRENCY: '5' })
  // Four server processes, two workers and the scheduler with eight each, five of workers and scheduler beside those, and 20.
  expect(services['postgres']?.command).toContain('max_connections=81')
})

test('a kustomization of the manifests here', () => {
  const kustomization = parse(emitSettings('kubernetes', profile, 'token-bucket'))
  expect(kustomization).toMatchObject({
    resources: ['../compose/kubernetes'],
    replicas: [{ name: 'redline-server', count: 3 }],
  })
  const patches = kustomization.patches.map(({ patch }: { patch: string }) => parse(patch))
  expect(patches[0]).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'redline' }, data: { DB_POOL_MAX: '8' } })
  expect(patches[2]).toMatchObject({ metadata: { name: 'redline-worker' }, spec: { minReplicas: 2 } })
})
