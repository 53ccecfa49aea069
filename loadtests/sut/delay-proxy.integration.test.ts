import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest'
import { type DelayProxy, startDelayProxy } from './delay-proxy.ts'
import { findFreePort } from './free-port.ts'
import { createRunDirectory, type RunDirectory } from './run-directory.ts'

const DELAY_MS = 20
let directory: RunDirectory
const cleanUps: (() => unknown)[] = []

beforeAll(() => {
  directory = createRunDirectory(`tests-${randomBytes(6).toString('hex')}`)
})

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

afterAll(() => directory.remove())

async function startProxy(storeUrl: string): Promise<DelayProxy> {
  const proxy = await startDelayProxy({ name: 'delay', storeUrl, delayMs: DELAY_MS, directory })
  cleanUps.push(() => proxy.stop())
  return proxy
}

/** A client whose connection goes through a proxy to a server that does this. */
async function connectThrough(serve: (socket: Socket) => void): Promise<{ client: Socket; proxy: DelayProxy }> {
  const server = createServer({ allowHalfOpen: true }, serve)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startProxy(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const client = connect({ port: Number(new URL(proxy.url).port), host: '127.0.0.1', allowHalfOpen: true })
  cleanUps.push(
    () => server.close(),
    () => client.destroy(),
  )
  return { client, proxy }
}

async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** In good order or not: `once` would take an error for its own. */
function awaitClose(socket: Socket): Promise<void> {
  socket.on('error', () => undefined).resume()
  return new Promise((resolve) => socket.on('close', () => resolve()))
}

test('every round trip costs at least the delay', async () => {
  const { client } = await connectThrough((socket) => socket.pipe(socket))
  for (let index = 0; index < 20; index++) {
    const sentAt = performance.now()
    client.write(`ping ${index}`)
    expect(String((await once(client, 'data'))[0])).toBe(`ping ${index}`)
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(DELAY_MS)
  }
})

test('a delay that is held is none, until it is no longer held', async () => {
  const { client, proxy } = await connectThrough((socket) => socket.pipe(socket))
  const roundTripsMs = async () => {
    const sentAt = performance.now()
    for (let index = 0; index < 20; index++) {
      client.write('ping')
      await once(client, 'data')
    }
    return performance.now() - sentAt
  }
  proxy.hold(true)
  await expect.poll(roundTripsMs).toBeLessThan(20 * DELAY_MS)
  proxy.hold(false)
  await expect.poll(roundTripsMs).toBeGreaterThanOrEqual(20 * DELAY_MS)
})

test('much data arrives whole and in order, also at a receiver that is slow', async () => {
  const data = randomBytes(12_000_000)
  const { client } = await connectThrough((socket) => {
    socket.on('data', () => {
      socket.pause()
      setTimeout(() => socket.resume(), 1)
    })
    socket.pipe(socket)
  })
  client.end(data)
  const received = await readToEnd(client)
  const digest = (buffer: Buffer) => createHash('sha256').update(buffer).digest('hex')
  expect(digest(received)).toBe(digest(data))
})

test('who has said all can still listen', async () => {
  const { client } = await connectThrough((socket) => {
    socket.resume().on('end', () => socket.end('the answer to all of it'))
  })
  client.end('a question')
  expect(String(await readToEnd(client))).toBe('the answer to all of it')
})

test('a connection that the store breaks is broken for the client', async () => {
  const { client } = await connectThrough((socket) => socket.on('data', () => socket.resetAndDestroy()))
  client.write('hello')
  await awaitClose(client)
})

test('a store that cannot be reached shows as a closed connection', async () => {
  const proxy = await startProxy(`redis://127.0.0.1:${await findFreePort()}`)
  const client = connect(Number(new URL(proxy.url).port), '127.0.0.1')
  await awaitClose(client)
})

test.each(['rediss://store.test', 'rediss://store.test:6380'])('%s cannot have one: it speaks TLS', async (url) => {
  await expect(startProxy(url)).rejects.toThrow(/no delay can be put before a rediss:\/\/ store/)
})

test('a store with an IPv6 address is reached', async ({ skip }) => {
  const server = createServer((socket) => socket.pipe(socket))
  const isListening = await once(server.listen(0, '::1'), 'listening').then(
    () => true,
    () => false,
  )
  skip(!isListening, 'this machine has no ::1')
  cleanUps.push(async () => void server.close())
  const proxy = await startProxy(`redis://[::1]:${(server.address() as AddressInfo).port}`)
  const client = connect(Number(new URL(proxy.url).port), '127.0.0.1')
  client.end('hello')
  expect(String(await readToEnd(client))).toBe('hello')
})

test('Postgres and Redis work through it', async () => {
  const [toPostgres, toRedis] = await Promise.all([startProxy(inject('databaseUrl')), startProxy(inject('redisUrl'))])
  const client = new pg.Client({ connectionString: toPostgres.url })
  await client.connect()
  expect((await client.query('SELECT 6 * 7 AS answer')).rows).toEqual([{ answer: 42 }])
  await client.end()
  const redis = new Redis(toRedis.url)
  expect(await redis.ping()).toBe('PONG')
  redis.disconnect()
})
