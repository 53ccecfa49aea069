import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres } from '../sut/postgres.ts'
import { createRunDirectory, type RunDirectory } from '../sut/run-directory.ts'
import type { Store } from '../sut/store.ts'
import { watchLocks } from './watch-locks.ts'

let directory: RunDirectory
let postgres: Store & { stop(): Promise<void> }
let clients: pg.Client[]

beforeAll(async () => {
  directory = createRunDirectory(`tests-${randomBytes(6).toString('hex')}`)
  postgres = await startPostgres({ directory, maxConnections: 20 })
  clients = Array.from({ length: 3 }, () => new pg.Client({ connectionString: postgres.url }))
  await Promise.all(clients.map((client) => client.connect()))
})

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end()))
  await postgres.stop()
  await directory.remove()
})

test('counts who waits for a row, and nobody once it is free', async () => {
  const [holder, ...others] = clients as [pg.Client, ...pg.Client[]]
  await holder.query('CREATE TABLE hot AS SELECT 1 AS id, 0 AS uses')
  const locks = watchLocks(postgres.url)
  await holder.query('BEGIN')
  await holder.query('UPDATE hot SET uses = uses + 1')
  const waiting = others.map((client) => client.query('UPDATE hot SET uses = uses + 1'))
  // A look that began before they waited, or that is not over yet, is not the last one.
  await expect.poll(() => locks.take(), { interval: 500 }).toBe(2)
  await holder.query('COMMIT')
  await Promise.all(waiting)
  await expect.poll(() => locks.take(), { interval: 500 }).toBe(0)
  await locks.stop()
  expect(locks.take() ?? 0).toBe(0)
  const { rows } = await holder.query(
    `SELECT count(*)::int AS open FROM pg_stat_activity WHERE backend_type = 'client backend'`,
  )
  expect(rows[0].open).toBe(3)
})

test('a Postgres that cannot be asked is no error: nobody looked', async () => {
  const locks = watchLocks('postgres://nobody@127.0.0.1:1/none')
  await sleep(100)
  expect(locks.take()).toBeNull()
  await locks.stop()
})
