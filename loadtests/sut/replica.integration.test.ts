import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { startPostgres } from './postgres.ts'
import { seedCodes } from './redeem-data.ts'
import { startReplica } from './replica.ts'
import { createRunDirectory, type RunDirectory } from './run-directory.ts'
import type { Store } from './store.ts'
import { type Stores, startStores } from './stores.ts'
import { migrate, type System, startSystem } from './system.ts'

const name = `replica_${randomBytes(6).toString('hex')}`
const profile = { servers: 1, workers: 1, concurrency: 5, pool: 4, semaphore: 10, redis_connections: 1 }
const DEADLINE_MS = 20_000

/** A whole system whose server reads from a streaming replica of its Postgres. */
describe('reads on a replica', () => {
  let directory: RunDirectory
  let primary: Store
  let replica: Store
  let stores: Stores
  let system: System
  let onPrimary: pg.Client
  let onReplica: pg.Client

  beforeAll(async () => {
    directory = createRunDirectory(`tests-${name}`)
    primary = await startPostgres({ directory, name: 'primary', maxConnections: 60 })
    replica = await startReplica({ directory, primary })
    stores = await startStores({
      directory,
      databaseUrl: primary.url,
      redisUrl: inject('redisUrl'),
      allowNonempty: true,
      dbLatencyMs: 0,
      redisLatencyMs: 0,
      profile,
    })
    await migrate(stores)
    ;[onPrimary, onReplica] = await Promise.all([connect(primary.url), connect(replica.url)])
    await seedCodes(onPrimary, [{ code: 'HOT', maxUses: 100 }], 100)
    const env = { REDIS_KEY_PREFIX: name, DATABASE_READ_URL: replica.url }
    system = await startSystem(stores, { mode: 'none', profile, directory, env })
  })
  afterAll(async () => {
    await Promise.all([onPrimary?.end(), onReplica?.end()])
    await system?.stop()
    await stores?.stop()
    await replica?.stop()
    await primary?.stop()
    await removeKeys()
    await directory.remove()
  })

  async function connect(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  async function removeKeys(): Promise<void> {
    const redis = new Redis(inject('redisUrl'))
    for (const pattern of [`${name}:*`, `{${name}:*`]) {
      const keys = await redis.keys(pattern)
      if (keys.length > 0) await redis.unlink(...keys)
    }
    redis.disconnect()
  }
  async function redeem(email: string): Promise<string> {
    const answer = await fetch(new URL('/api/v1/public/direct-redeem', system.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, code: 'HOT' }),
    })
    expect(answer.status).toBe(202)
    return ((await answer.json()) as { redemption_id: string }).redemption_id
  }
  async function statusOf(id: string) {
    const answer = await fetch(new URL(`/api/v1/public/redemptions/${id}`, system.url))
    return { http: answer.status, ...((await answer.json()) as { status?: string; refund_reason?: string | null }) }
  }
  async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + DEADLINE_MS
    while (!(await isSo())) {
      if (Date.now() > end) throw new Error(`${what}: not within ${DEADLINE_MS} ms`)
      await sleep(50)
    }
  }
  async function holdReplica(): Promise<void> {
    await onReplica.query('SELECT pg_wal_replay_pause()')
    await until('the replica stands still', async () => {
      const { rows } = await onReplica.query<{ state: string }>('SELECT pg_get_wal_replay_pause_state() AS state')
      return rows[0]?.state === 'paused'
    })
  }
  const sentOn = async (client: pg.Client, id: string) =>
    (await client.query(`SELECT FROM redemptions WHERE id = $1 AND status = 'sent'`, [id])).rowCount === 1

  test('what is final is read from the replica', async () => {
    const id = await redeem('final@load.test')
    await until('the replica has it as sent', () => sentOn(onReplica, id))
    // A trace that only the primary has, for the replica is held.
    await holdReplica()
    await onPrimary.query(`UPDATE redemptions SET refund_reason = 'on the primary' WHERE id = $1`, [id])
    expect(await statusOf(id)).toMatchObject({ http: 200, status: 'sent', refund_reason: null })
    await onReplica.query('SELECT pg_wal_replay_resume()')
  })

  test('while the replica is behind, a person reads their own redemption, and it never goes back', async () => {
    const before = await redeem('before@load.test')
    await until('the replica has the row', async () => {
      const { rowCount } = await onReplica.query('SELECT FROM redemptions WHERE id = $1', [before])
      return rowCount === 1
    })
    await holdReplica()
    const after = await redeem('after@load.test')
    expect(await statusOf(after)).toMatchObject({ http: 200 })
    for (const id of [before, after]) await until('it is sent', async () => (await statusOf(id)).status === 'sent')
    expect(await sentOn(onReplica, after)).toBe(false)
    expect(await statusOf(after)).toMatchObject({ http: 200, status: 'sent' })
    await onReplica.query('SELECT pg_wal_replay_resume()')
    await until('the replica caught up', () => sentOn(onReplica, after))
  })

  test('without the replica the primary answers', async () => {
    const known = await redeem('known@load.test')
    await replica.stop()
    expect(await statusOf(known)).toMatchObject({ http: 200 })
    const id = await redeem('alone@load.test')
    await until('it is sent', async () => (await statusOf(id)).status === 'sent')
    const metrics = await (await fetch(new URL('/metrics', system.opsUrls('server')[0]))).text()
    expect(metrics).toMatch(/errors_total\{error_type="replica_error"\} [1-9]/)
  })
})
