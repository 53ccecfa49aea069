import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createTransport } from 'nodemailer'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { checkInvariants } from '../analysis/invariants.ts'
import { createVerifyCommand } from '../commands/verify.ts'
import { createAutocannonDriver } from '../drivers/autocannon.ts'
import type { LoadResult } from '../drivers/driver.ts'
import { type LyingProxy, startLyingProxy } from '../testing/lying-proxy.ts'
import { type Circumstances, collectEvidence, type EvidenceSources } from './collect-evidence.ts'
import { createDatabase, dropDatabase } from './database.ts'
import { setDrain, waitUntilDrained } from './drain.ts'
import { readMails } from './mail-sink.ts'
import { seedCodes } from './redeem-data.ts'
import { createRunDirectory, type RunDirectory } from './run-directory.ts'
import { type Stores, startStores } from './stores.ts'
import { migrate, type System, startSystem } from './system.ts'

const name = `invariants_${randomBytes(6).toString('hex')}`
const profile = { servers: 1, workers: 1, concurrency: 10, pool: 4, semaphore: 10, redis_connections: 1 }
const driver = createAutocannonDriver()
const signal = new AbortController().signal
const answersFiles: string[] = []
const proxies: LyingProxy[] = []

let directory: RunDirectory
let stores: Stores
let system: System
let client: pg.Client
/** Of a redemption that was sent, and of one that was refunded. */
let sent: string
let refunded: string

beforeAll(async () => {
  directory = createRunDirectory(`tests-${name}`)
  const databaseUrl = await createDatabase(inject('databaseUrl'), name)
  stores = await startStores({
    directory,
    databaseUrl,
    redisUrl: inject('redisUrl'),
    allowNonempty: true,
    dbLatencyMs: 0,
    redisLatencyMs: 0,
    profile,
  })
  await migrate(stores)
  client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => undefined)
  await client.connect()
  await seedCodes(
    client,
    [
      { code: 'HOT', maxUses: 1_000 },
      { code: 'FEW', maxUses: 10 },
    ],
    400,
  )
  system = await startSystem(stores, { mode: 'token-bucket', profile, directory, env: { REDIS_KEY_PREFIX: name } })
  await stores.mailSink.setBehaviour({ mode: 'reject-permanent', remaining: 3 })
  await load('HOT', 60)
  await load('FEW', 80)
  await drain()
  sent = await findRedemption(`status = 'sent' AND code = 'HOT'`)
  refunded = await findRedemption(`status = 'refunded'`)
})

afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = 0
})

afterAll(async () => {
  for (const proxy of proxies) proxy.close()
  await client?.end()
  await system?.stop()
  await stores?.stop()
  await removeKeys()
  await dropDatabase(inject('databaseUrl'), name)
  await directory.remove()
})

function schedulerUrl(): string {
  return system.opsUrls('scheduler')[0] ?? ''
}

function load(code: string, amount: number, url = system.url): Promise<LoadResult> {
  const file = join(directory.path, `answers-${answersFiles.length}.tsv`)
  answersFiles.push(file)
  const requests = { kind: 'redeem-shared' as const, codes: [code], email_prefix: `p${answersFiles.length}`, seed: 1 }
  return driver.load({ url, connections: 20, people: amount, requests, answers_file: file })
}

async function drain(seconds = 20): Promise<boolean> {
  return (await waitUntilDrained(schedulerUrl(), client, seconds, signal)).drained
}

async function findRedemption(condition: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>(`SELECT id FROM redemptions WHERE ${condition} LIMIT 1`)
  if (rows[0] === undefined) throw new Error(`no redemption with ${condition}`)
  return rows[0].id
}

async function check(change: Partial<EvidenceSources & Circumstances> = {}) {
  const sources: EvidenceSources = {
    client,
    answersFiles,
    readMails: () => readMails(`${stores.mailSink.url}/mails`),
    mailsSinceMs: null,
    bucketsUrl: system.opsUrls('server')[0] ?? null,
    schedulerUrl: schedulerUrl(),
    ...change,
  }
  const circumstances = {
    occupancy: { samples: 1, exceeded: [] },
    drained: true,
    kills: 0,
    everyCodeHasBucket: false,
    rooms: null,
    ...change,
  }
  return checkInvariants(await collectEvidence(sources, circumstances))
}

/** Numbers of the invariants that broke, each with the ids that it names. */
async function broken(change: Partial<EvidenceSources & Circumstances> = {}): Promise<Record<number, string[]>> {
  const results = await check(change)
  return Object.fromEntries(
    results.filter((found) => found.broken.length > 0).map((found) => [found.number, found.broken]),
  )
}

/** What is broken while these statements have been run; then they are undone. */
async function brokenAfter(...statements: string[]): Promise<Record<number, string[]>> {
  await client.query('BEGIN')
  try {
    for (const statement of statements) await client.query(statement)
    return await broken()
  } finally {
    await client.query('ROLLBACK')
  }
}

async function removeKeys(): Promise<void> {
  const redis = new Redis(inject('redisUrl'))
  for (const pattern of [`${name}:*`, `{${name}:*`]) {
    const keys = await redis.keys(pattern)
    if (keys.length > 0) await redis.unlink(...keys)
  }
  redis.disconnect()
}

test('the sound system holds them all, and each looked at something', async () => {
  const results = await check()
  expect(results.filter((found) => found.broken.length > 0)).toEqual([])
  expect(results.filter(({ examined }) => examined === 0)).toEqual([])
  expect((await client.query(`SELECT FROM redemptions WHERE status = 'refunded'`)).rowCount).toBe(3)
})

describe('data broken in the database', () => {
  test('a used_count that is off', async () => {
    expect(await brokenAfter(`UPDATE redeem_codes SET used_count = used_count + 1 WHERE code = 'HOT'`)).toEqual({
      4: ['HOT'],
    })
  })

  test('more uses taken than there are: Postgres refuses, and without its check the checker names it', async () => {
    const oversell = `UPDATE redeem_codes SET used_count = 11 WHERE code = 'FEW'`
    await expect(client.query(oversell)).rejects.toMatchObject({ constraint: 'used_count_within_max_uses' })
    const lower = `UPDATE redeem_codes SET max_uses = used_count - 1 WHERE code = 'FEW'`
    const found = await brokenAfter('ALTER TABLE redeem_codes DROP CONSTRAINT used_count_within_max_uses', lower)
    expect(found).toMatchObject({ 1: ['FEW'] })
  })

  test('two active redemptions: Postgres refuses the same address, the checker also finds another spelling', async () => {
    const again = (email: string) => `
      INSERT INTO redemptions (id, code, email, status, accepted_at, deadline_at)
      SELECT '${randomUUID()}', code, ${email}, 'sent', now(), now() FROM redemptions WHERE id = '${sent}'`
    await expect(client.query(again('email'))).rejects.toMatchObject({ constraint: 'redemptions_one_active' })
    expect((await brokenAfter(again(`' ' || upper(email)`)))[5]).toContain(sent)
  })

  test('a seat given twice: Postgres refuses, and without its key the checker names seat and redemption', async () => {
    const double = `
      INSERT INTO team_members (team_id, seat_no, redemption_id, email)
      SELECT team_id, seat_no, '${refunded}', email FROM team_members WHERE redemption_id = '${sent}'`
    await expect(client.query(double)).rejects.toMatchObject({ constraint: 'team_members_pkey' })
    const found = await brokenAfter('ALTER TABLE team_members DROP CONSTRAINT team_members_pkey', double)
    expect(found[6]).toEqual(expect.arrayContaining([expect.stringMatching(/^seat \d+\/\d+$/), refunded]))
  })

  test('seats: miscounted, beyond the capacity, of nobody, still taken after a refund, none for a sent one', async () => {
    const insert = (id: string, seat: number) =>
      `INSERT INTO team_members (team_id, seat_no, redemption_id, email) VALUES (1, ${seat}, '${id}', 'x@load.test')`
    const count = 'UPDATE teams SET seats_taken = seats_taken + 1 WHERE id = 1'
    const stranger = randomUUID()
    expect(await brokenAfter(count)).toEqual({ 6: ['team 1'] })
    expect(await brokenAfter(count, insert(stranger, 150))).toEqual({ 6: [stranger] })
    expect(await brokenAfter(count, insert(refunded, 150))).toEqual({ 6: [refunded] })
    expect((await brokenAfter(count, insert(stranger, 201)))[6]).toContain('seat 1/201')
    expect((await brokenAfter(`DELETE FROM team_members WHERE redemption_id = '${sent}'`))[6]).toContain(sent)
  })

  test('refunded twice, and refunded although the mail went out', async () => {
    const record = (id: string) =>
      `INSERT INTO invite_records (redemption_id, email, status) VALUES ('${id}', 'x@load.test', 'refunded')`
    expect(await brokenAfter(record(refunded))).toEqual({ 7: [refunded] })
    const refund = `UPDATE redemptions SET status = 'refunded' WHERE id = '${sent}'`
    expect((await brokenAfter(refund, record(sent)))[7]).toEqual([sent])
  })

  test('a 202 that never ends and an orphan: a row that nothing carries any more', async () => {
    const found = await brokenAfter(`UPDATE redemptions SET status = 'sending' WHERE id = '${sent}'`)
    expect(found).toEqual({ 2: [sent], 10: [sent], 12: [sent] })
  })

  test('an outbox row without a redemption', async () => {
    const stranger = randomUUID()
    expect(await brokenAfter(`INSERT INTO outbox (redemption_id) VALUES ('${stranger}')`)).toEqual({ 10: [stranger] })
  })
})

describe('a system that lies', () => {
  async function lie(change: Parameters<typeof startLyingProxy>[1]): Promise<string> {
    const proxy = await startLyingProxy(system.url, change)
    proxies.push(proxy)
    return proxy.url
  }

  test('an overselling mode: 202 to everybody', async () => {
    const files = answersFiles.length
    const url = await lie((status, body) =>
      status === 409 ? [202, JSON.stringify({ redemption_id: randomUUID() })] : [status, body],
    )
    expect((await load('FEW', 20, url)).accepted).toBe(20)
    const found = await broken()
    expect(found[1]).toEqual(['FEW'])
    expect(found[2]).toHaveLength(20)
    answersFiles.length = files
    expect(await broken()).toEqual({})
  })

  test('a no to somebody who got a use', async () => {
    const files = answersFiles.length
    const ids: string[] = []
    const url = await lie((status, body) => {
      if (status === 202) ids.push(JSON.parse(body).redemption_id)
      return [409, '{}']
    })
    expect((await load('HOT', 5, url)).refused).toBe(5)
    expect(await drain()).toBe(true)
    expect((await broken())[3]?.sort()).toEqual(ids.sort())
    answersFiles.length = files
  })
})

test('a holder who moves to another team: the second mail is no duplicate, its job no orphan', async () => {
  const { email } = (await client.query(`SELECT email FROM redemptions WHERE id = $1`, [sent])).rows[0]
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify({ email, code: 'HOT' }) }
  expect((await fetch(`${system.url}/api/v1/public/rebind`, init)).status).toBe(202)
  const moved = async () => (await client.query(`SELECT FROM rebinds WHERE status = 'sent'`)).rowCount
  await expect.poll(moved, { timeout: 10_000 }).toBe(1)
  const mails = await readMails(`${stores.mailSink.url}/mails`)
  expect(mails.filter(({ redemption_id: id }) => id === sent)).toHaveLength(2)
  expect(await broken()).toEqual({})
  const waiting = `INSERT INTO outbox (redemption_id, kind) SELECT id, 'rebind' FROM rebinds
    ON CONFLICT (redemption_id) DO UPDATE SET status = 'pending'`
  expect(await brokenAfter(waiting)).toEqual({})
})

test('jobs that vanish and jobs without a redemption are named; all is well once they are back', async () => {
  await setDrain(system, true)
  await setSchedulerDrain(false)
  // The worker may still take what it asked for before it was paused, one for each of its places.
  await load('HOT', profile.concurrency + 2)
  const redis = new Redis(inject('redisUrl'))
  const waiting = () => redis.lrange(`{${name}:bull}:invite:wait`, 0, -1)
  await expect.poll(waiting, { timeout: 10_000 }).not.toHaveLength(0)
  await expect.poll(() => countUnfinished(`status IN ('reserved', 'sending')`), { timeout: 10_000 }).toBe(0)
  const [lost = '', other = ''] = await waiting()
  await redis.lrem(`{${name}:bull}:invite:wait`, 0, lost)
  await redis.del(`{${name}:bull}:invite:${lost}`)
  redis.disconnect()
  const found = await broken({ drained: await drain(0.2) })
  expect(found).toMatchObject({ 10: [lost], 2: expect.arrayContaining([lost]) })
  expect(found[12]).toEqual(expect.arrayContaining(['not in time', lost]))
  expect((await brokenAfter(`DELETE FROM redemptions WHERE id = '${other}'`))[10]?.sort()).toEqual([lost, other].sort())

  await client.query(`UPDATE outbox SET status = 'pending' WHERE redemption_id = $1`, [lost])
  await setDrain(system, false)
  expect(await drain()).toBe(true)
  expect(await broken()).toEqual({})
})

async function setSchedulerDrain(paused: boolean): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await fetch(`${schedulerUrl()}/drain`, { method: 'PUT', headers, body: JSON.stringify({ paused }) })
}

async function countUnfinished(condition: string): Promise<number> {
  return (await client.query(`SELECT FROM redemptions WHERE ${condition}`)).rowCount ?? 0
}

// They leave the sink changed, so that they come last.
describe('mails', () => {
  test('a doubled one is named without a kill, and allowed with one', async () => {
    const { email } = (await client.query(`SELECT email FROM redemptions WHERE id = $1`, [sent])).rows[0]
    const { hostname, port } = new URL(stores.mailSink.smtpUrl)
    const transport = createTransport({ host: hostname, port: Number(port), ignoreTLS: true })
    await transport.sendMail({ from: 'x@load.test', to: email, text: 'again', headers: { 'X-Redemption-Id': sent } })
    transport.close()
    expect(await broken()).toEqual({ 8: [sent] })
    expect(await broken({ kills: 1 })).toEqual({})
  })

  test('verify: sound with a kill, broken without one, and by lost mails; each with its exit code', async () => {
    expect(await verify('--kills', '1')).toEqual({ exitCode: 0, broken: {} })
    expect(await verify()).toEqual({ exitCode: 4, broken: { 8: [sent] } })
    await stores.mailSink.clear()
    const lost = await verify()
    expect(lost.exitCode).toBe(4)
    expect(lost.broken[8]).toHaveLength(20)
  })

  async function verify(...more: string[]) {
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    const [server = ''] = system.opsUrls('server')
    const urls = ['--database-url', stores.postgres.url, '--server-ops-url', server]
    const others = ['--scheduler-ops-url', schedulerUrl(), '--mails-url', `${stores.mailSink.url}/mails`]
    const args = [...urls, ...others, '--answers', ...answersFiles, '--json', ...more]
    await createVerifyCommand().parseAsync(args, { from: 'user' })
    const { invariants } = JSON.parse(String(printed.mock.calls.at(-1)?.[0]))
    printed.mockRestore()
    const found = invariants.filter(({ verdict }: { verdict: string }) => verdict === 'broken')
    const entries = found.map(({ number, broken: ids }: { number: number; broken: string[] }) => [number, ids])
    return { exitCode: process.exitCode, broken: Object.fromEntries(entries) as Record<number, string[]> }
  }
})
