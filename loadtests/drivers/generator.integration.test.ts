import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InvalidRunError } from '../errors.ts'
import { createRunDirectory, type RunDirectory } from '../sut/run-directory.ts'
import type { LoadSpec } from './driver.ts'
import { type Generator, startGenerator } from './generator.ts'

let directory: RunDirectory
let generator: Generator
let server: Server
let spec: LoadSpec

beforeAll(async () => {
  directory = createRunDirectory(`tests-${randomBytes(6).toString('hex')}`)
  server = createServer((request, response) => {
    request.resume()
    response.writeHead(202).end('{"redemption_id":"one"}')
  })
  server.listen(0, '127.0.0.1')
  await Promise.all([once(server, 'listening')])
  generator = await startGenerator(directory)
  spec = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 3,
    requests: { kind: 'redeem-shared', codes: ['HOT'], email_prefix: 'person', seed: 1 },
    answers_file: join(directory.path, 'answers.tsv'),
  }
})

afterAll(async () => {
  await generator.stop()
  server.close()
  server.closeAllConnections()
  await directory.remove()
})

test('makes one load after another in a process of its own', async () => {
  for (const amount of [20, 30]) {
    expect(await generator.load({ ...spec, people: amount })).toMatchObject({ accepted: amount, errors: 0 })
  }
  expect(generator.process.pid).not.toBe(process.pid)
})

test('stops a load on demand and tells what was measured', async () => {
  const abort = new AbortController()
  const onProgress = () => abort.abort()
  const result = await generator.load({ ...spec, duration_seconds: 60 }, { signal: abort.signal, onProgress })
  expect(result.accepted).toBeGreaterThan(0)
})

test('a load that cannot be written down is reported', async () => {
  const attempt = generator.load({ ...spec, people: 5, answers_file: join(directory.path, 'missing', 'answers.tsv') })
  await expect(attempt).rejects.toThrow(InvalidRunError)
})

test('a load that stands still is given up', async () => {
  const still = await startGenerator(directory, undefined, 500)
  process.kill(still.process.pid, 'SIGSTOP')
  try {
    const attempt = still.load({ ...spec, duration_seconds: 0.2, timeout_seconds: 0.3 })
    await expect(attempt).rejects.toThrow('The load of 0.2 s had not ended after 1 s')
  } finally {
    process.kill(still.process.pid, 'SIGCONT')
    await still.stop()
  }
})

test('a reply that cannot be read ends its load, and nobody waits for a better one', async () => {
  const other = await startGenerator(directory)
  const load = other.load({ ...spec, duration_seconds: 60 })
  other.process.process.emit('message', { type: 'result', id: 1, result: { seconds: null } })
  await expect(load).rejects.toThrow(/what is no reply: .*result\.seconds/s)
  await other.stop()
})

test('a generator that dies ends its load with an error', async () => {
  const other = await startGenerator(directory)
  const load = other.load(
    { ...spec, duration_seconds: 60 },
    { onProgress: () => other.process.process.kill('SIGKILL') },
  )
  await expect(load).rejects.toThrow('The load generator ended')
  await other.stop()
})

test('collects no garbage while a load lasts, so that no answer is read late for it', async () => {
  const before = process.env['NODE_OPTIONS']
  process.env['NODE_OPTIONS'] = `--import ${new URL('../testing/fixtures/tell-collections.js', import.meta.url)}`
  const other = await startGenerator(directory)
  const load = { ...spec, engine: 'paced', arrivals: { model: 'constant', rate: 300 }, timeout_seconds: 5 } as const
  try {
    await other.load({ ...load, duration_seconds: 1 })
    const known = other.process.readLastLines()
    expect(await other.load({ ...load, duration_seconds: 5 })).toMatchObject({ accepted: 1_500, errors: 0 })
    expect(other.process.readLastLines()).toBe(known)
  } finally {
    await other.stop()
    if (before === undefined) delete process.env['NODE_OPTIONS']
    else process.env['NODE_OPTIONS'] = before
  }
})

test('the k6 that K6_BIN names is the one that makes the load', async () => {
  const before = process.env['K6_BIN']
  process.env['K6_BIN'] = '/nowhere/k6'
  const other = await startGenerator(directory)
  try {
    const arrivals = { model: 'constant', rate: 5 } as const
    const load = other.load({ ...spec, engine: 'k6', arrivals, duration_seconds: 1 })
    await expect(load).rejects.toThrow('K6_BIN=/nowhere/k6 cannot be run')
  } finally {
    await other.stop()
    if (before === undefined) delete process.env['K6_BIN']
    else process.env['K6_BIN'] = before
  }
})
