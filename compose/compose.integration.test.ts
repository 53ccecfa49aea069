import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { type Child, startChild } from '../loadtests/sut/child.ts'
import { createDatabase, dropDatabase } from '../loadtests/sut/database.ts'
import { findProgram } from '../loadtests/sut/find-program.ts'
import { createRunDirectory } from '../loadtests/sut/run-directory.ts'
import { type NativeNginx, startNativeNginx } from './testing/native-nginx.ts'
import { createNativeStack, type NativeStack } from './testing/native-stack.ts'
import { readCompose } from './testing/read-compose.ts'
import { type Answer, startVisitors } from './testing/visitors.ts'

const run = promisify(execFile)
const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)))
const nginxProgram = findProgram(['nginx'], `${process.env['PATH']}:/usr/sbin:/usr/local/sbin`)
const redisProgram = findProgram(['redis-server', 'valkey-server'])
const compose = readCompose(['compose.yaml'], { IP_LIMIT_PER_MINUTE: '0', FAILED_TRIES_PER_MINUTE: '3' })
const directory = createRunDirectory(`compose-${randomUUID().slice(0, 12)}`)
const pageDirectory = join(directory.path, 'page')
const databaseName = `compose_${randomUUID().replaceAll('-', '')}`
const running = new Map<string, Child>()
let stack: NativeStack
let nginx: NativeNginx
let databaseUrl: string

/** The order in which Docker starts them, by `depends_on`. */
beforeAll(async () => {
  databaseUrl = await createDatabase(inject('databaseUrl'), databaseName)
  stack = await createNativeStack({
    compose,
    directory,
    secrets: {
      database_url: databaseUrl,
      admin_jwt_secret: randomUUID(),
      board_password: randomUUID(),
      postgres_password: new URL(databaseUrl).password,
    },
    given: { 'postgres:5432': new URL(databaseUrl).host },
  })
  await startRedisAsComposed()
  await stack.finish('migrate')
  await stack.finish('seed')
  for (const name of ['mail', 'scheduler', 'worker', 'server-1', 'server-2']) running.set(name, await stack.start(name))
  await run(process.execPath, ['--import', 'tsx', 'server/page/write-page.ts', pageDirectory], { cwd: PROJECT })
  if (nginxProgram !== null) nginx = await startNginx(nginxProgram)
})

afterAll(async () => {
  await nginx?.stop()
  for (const child of [...running.values()].reverse()) await child.stop()
  await dropDatabase(inject('databaseUrl'), databaseName)
  await directory.remove()
})

async function startRedisAsComposed(): Promise<void> {
  const [, ...args] = compose.services['redis']?.command ?? []
  const port = stack.addressOf('redis', 6379).split(':')[1] ?? ''
  const home = join(directory.path, 'redis')
  mkdirSync(home)
  const command = redisProgram ?? ''
  await stack.release('redis')
  const own = ['--port', port, '--bind', '127.0.0.1', '--dir', home]
  running.set('redis', await startChild({ name: 'redis', command, args: [...args, ...own], directory }))
}

async function startNginx(program: string): Promise<NativeNginx> {
  await stack.release('web')
  return startNativeNginx({
    directory,
    program,
    address: stack.addressOf('web', 8080),
    pageDirectory,
    localise: (text) => stack.localise(text, 'web'),
  })
}

const redeem = (email: string, code = 'LOAD', headers: Record<string, string> = {}) =>
  fetch(`${nginx.url}/api/v1/public/direct-redeem`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ email, code }),
  })

async function sql<Row extends object>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  return client.query<Row>(text).then(
    ({ rows }) => client.end().then(() => rows),
    (error: unknown) => client.end().then(() => Promise.reject(error)),
  )
}

describe('the services of compose.yaml, each by its own command and environment', () => {
  test('migrating and seeding again changes nothing', async () => {
    expect(await stack.finish('migrate')).toBe('nothing to do\n')
    await stack.finish('seed')
    expect(
      await sql("SELECT code, max_uses FROM redeem_codes WHERE code IN ('LOAD', 'WELCOME') ORDER BY code"),
    ).toEqual([
      { code: 'LOAD', max_uses: 200_000 },
      { code: 'WELCOME', max_uses: 10_000 },
    ])
  })

  test('a health check says when its process is not there', async () => {
    expect(await stack.checkHealth('server-1')).toBe(0)
    await stack.release('redis-exporter')
    const args = ['compose/healthcheck.js', `http://${stack.addressOf('redis-exporter', 9121)}/`]
    await expect(run(process.execPath, args, { cwd: PROJECT })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('the operations ports tell metrics of every process, and the board asks for its password', async () => {
    for (const name of ['server-1', 'server-2', 'scheduler', 'worker']) {
      const metrics = await fetch(`http://${stack.addressOf(name, 9100)}/metrics`)
      expect(await metrics.text(), name).toContain('process_cpu_seconds_total')
    }
    expect((await fetch(`http://${stack.addressOf('scheduler', 9100)}/board`)).status).toBe(401)
  })
})

describe('the exporters', () => {
  test.for([
    { service: 'redis-exporter', port: 9121, program: 'prometheus-redis-exporter', sign: 'redis_up 1' },
    { service: 'postgres-exporter', port: 9187, program: 'prometheus-postgres-exporter', sign: 'pg_up 1' },
  ])('$service reaches its store by its environment', async ({ service, port, program, sign }, { skip }) => {
    const command = findProgram([program, service.replace('-', '_')])
    skip(command === null, `there is no ${program} (compose/setup-tools.sh installs it)`)
    const address = stack.addressOf(service, port)
    await stack.release(service)
    const environment = stack.environmentOf(service)
    // The database of this test has another owner and name.
    const { DATA_SOURCE_URI: uri } = environment
    const renamed = uri && {
      DATA_SOURCE_USER: 'postgres',
      DATA_SOURCE_URI: uri.replace('/redline', `/${databaseName}`),
    }
    const child = await startChild({
      name: service,
      command: command ?? '',
      args: [`--web.listen-address=${address}`],
      directory,
      env: { ...environment, ...renamed },
    })
    onTestFinished(() => child.stop())
    const url = `http://${address}/metrics`
    const scrape = () => fetch(url, { signal: AbortSignal.timeout(5_000) }).then((response) => response.text())
    const answer = () => scrape().catch((error: unknown) => `${String(error)}; it wrote:\n${child.readLastLines()}`)
    await expect.poll(answer).toContain(sign)
  })
})

describe('nginx in front of two servers', () => {
  beforeEach(({ skip }) => skip(nginxProgram === null, 'there is no nginx (compose/setup-tools.sh installs it)'))

  test('its configuration is valid', async () => {
    expect(await nginx.check()).toContain('test is successful')
  })

  test('a redemption goes in at nginx and comes out as a mail', async () => {
    const answer = await redeem('ada@example.test', 'WELCOME')
    expect(answer.status).toBe(202)
    const { redemption_id: id } = (await answer.json()) as { redemption_id: string }
    const mails = () => fetch(`http://${stack.addressOf('mail', 8025)}/mails`).then((response) => response.text())
    await expect.poll(mails).toContain(id)
  })

  test("the page's scripts come from disk, for ever and compressed; the HTML comes from a server", async () => {
    const page = await fetch(`${nginx.url}/invite`, { headers: { 'Accept-Language': 'zh' } })
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('content-language')).toBe('zh')
    const [path = ''] = /\/invite\/assets\/main-\w+\.js/.exec(await page.text()) ?? []
    const script = await fetch(nginx.url + path, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(script.status).toBe(200)
    expect(Object.fromEntries(script.headers)).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'gzip',
      'content-type': expect.stringMatching(/javascript; charset=utf-8$/),
      'x-content-type-options': 'nosniff',
    })
    const line = (await nginx.readLog()).find((entry) => entry['path'] === path)
    expect(line).toMatchObject({ status: 200, upstream: '' })
  })

  test('a script of another release is asked of a server', async () => {
    const path = '/invite/assets/main-0123456789abcdef.js'
    expect((await fetch(nginx.url + path)).status).toBe(404)
    const line = (await nginx.readLog()).find((entry) => entry['path'] === path)
    expect(line?.['upstream']).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  test('events come as they happen, not when the answer is whole', async () => {
    await pauseWorker(true)
    onTestFinished(() => pauseWorker(false))
    const { redemption_id: id } = (await (await redeem('bo@example.test')).json()) as { redemption_id: string }
    const seen = readEvents(`${nginx.url}/api/v1/public/redemptions/${id}/events`)
    await expect.poll(() => seen.text).toContain('"status"')
    expect(seen.text).not.toContain('"sent"')
    await pauseWorker(false)
    await expect.poll(() => seen.text).toContain('"status":"sent"')
    await seen.ended
  })

  test('both servers get their share', async () => {
    const visitors = startVisitors(nginx.url, { name: 'share' })
    await visitors.untilMore(60)
    await visitors.stop()
    const lines = (await nginx.readLog()).filter((line) => line['path'] === '/api/v1/public/direct-redeem')
    const upstreams = new Set(lines.map((line) => line['upstream']))
    expect([...upstreams].sort()).toEqual(SERVERS.map((name) => stack.addressOf(name, 3000)).sort())
  })

  test('a server that is killed under load loses no request', async () => {
    const visitors = startVisitors(nginx.url, { name: 'kill' })
    await visitors.untilMore(40)
    const victim = running.get('server-2')
    process.kill(victim?.pid ?? 0, 'SIGKILL')
    await victim?.died
    await visitors.untilMore(100)
    running.set('server-2', await stack.start('server-2'))
    await visitors.untilMore(100)
    expect(failures(await visitors.stop())).toEqual([])
  })
})

describe('rolling out and back with roll.sh', () => {
  beforeEach(({ skip }) => skip(nginxProgram === null, 'there is no nginx (compose/setup-tools.sh installs it)'))

  test('under load no request is lost, and every accepted one is sent', async () => {
    const next = makeRelease('99.0.0')
    const visitors = startVisitors(nginx.url, { name: 'roll' })
    await visitors.untilMore(40)
    await roll(next)
    expect(await readVersions()).toEqual(['99.0.0', '99.0.0', '99.0.0', '99.0.0'])
    await visitors.untilMore(40)
    await roll(PROJECT, SERVERS)
    expect((await readVersions()).slice(0, 2)).not.toContain('99.0.0')
    await visitors.untilMore(40)
    const answers = await visitors.stop()
    expect(failures(answers)).toEqual([])
    expect(new Set(answers.map(({ redemptionId }) => redemptionId)).size).toBe(answers.length)
    const sent = () => sql(`SELECT FROM redemptions WHERE status = 'sent' AND email LIKE 'roll-%'`)
    await expect.poll(async () => (await sent()).length, { timeout: 60_000 }).toBe(answers.length)
  })

  test('a release that does not start ends the roll-out, and nobody notices', async () => {
    const broken = makeRelease('99.0.1', { isBroken: true })
    const visitors = startVisitors(nginx.url, { name: 'broken' })
    await expect(roll(broken)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/replacing server-1\n.*roll: server-1 did not become healthy/s),
    })
    await visitors.untilMore(40)
    // While server-1 is down, server-2 must stay.
    await expect(roll(broken, ['server-2'])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('server-1 is not healthy, so server-2 must stay'),
    })
    await roll(PROJECT, ['server-1'])
    await visitors.untilMore(40)
    expect(failures(await visitors.stop())).toEqual([])
  })
})

describe('who stands before nginx', () => {
  beforeEach(({ skip }) => skip(nginxProgram === null, 'there is no nginx (compose/setup-tools.sh installs it)'))

  // The last one: it leaves this address with too many failed tries.
  test('who a client says to be is not believed', async () => {
    let tries = 0
    const tryAgain = () => redeem('eve@example.test', `WRONG-${++tries}`, { 'X-Forwarded-For': `192.0.2.${tries}` })
    // A failed try is counted after its answer, so the other server may learn of it a little later.
    await expect.poll(async () => (await tryAgain()).status).toBe(429)
    expect(tries).toBeGreaterThan(3)
  })
})

const SERVERS = ['server-1', 'server-2']
const failures = (answers: readonly Answer[]) => answers.filter(({ status }) => status !== 202)

/** What came so far, while it comes. */
function readEvents(url: string): { readonly text: string; readonly ended: Promise<void> } {
  let text = ''
  const read = async () => {
    const { body } = await fetch(url, { signal: AbortSignal.timeout(60_000) })
    for await (const chunk of body ?? []) text += new TextDecoder().decode(chunk)
  }
  return {
    get text() {
      return text
    },
    ended: read(),
  }
}

async function pauseWorker(paused: boolean): Promise<void> {
  await fetch(`http://${stack.addressOf('worker', 9100)}/drain`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ paused }),
  })
}

async function readVersions(): Promise<string[]> {
  const ready = [...SERVERS, 'scheduler', 'worker'].map(async (name) => {
    const answer = await fetch(`http://${stack.addressOf(name, 9100)}/health/ready`)
    return ((await answer.json()) as { version: string }).version
  })
  return Promise.all(ready)
}

/** A checkout of another version, as another image would hold it. */
function makeRelease(version: string, { isBroken = false } = {}): string {
  const home = join(directory.path, `release-${version}`)
  for (const folder of ['server', 'worker']) cpSync(join(PROJECT, folder), join(home, folder), { recursive: true })
  cpSync(join(PROJECT, 'tsconfig.json'), join(home, 'tsconfig.json'))
  symlinkSync(join(PROJECT, 'node_modules'), join(home, 'node_modules'))
  const description = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'))
  writeFileSync(join(home, 'package.json'), JSON.stringify({ ...description, version }))
  if (isBroken) writeFileSync(join(home, 'server/main.ts'), `throw new Error('this release is broken')\n`)
  return home
}

/** What `docker compose up` does with one service: the old one ends, the new one starts and becomes healthy. */
async function replace(name: string, release: string): Promise<void> {
  await running.get(name)?.stop(STOP_GRACE_MS)
  running.set(name, await stack.start(name, release))
}
const STOP_GRACE_MS = 30_000

/** roll.sh with commands of this machine in place of Docker's: they ask this process. */
async function roll(release: string, names: readonly string[] = []): Promise<void> {
  const control = createServer(({ url = '' }, response) => {
    const { pathname, search } = new URL(url, 'http://control')
    const name = search.slice(1)
    const done =
      pathname === '/replace' ? replace(name, release) : stack.checkHealth(name).then((code) => expect(code).toBe(0))
    done.then(
      () => response.end(),
      () => response.writeHead(500).end(),
    )
  })
  control.listen(0, '127.0.0.1')
  await once(control, 'listening')
  const url = `http://127.0.0.1:${(control.address() as AddressInfo).port}`
  const ask = (path: string) => `curl --fail --silent --get ${url}${path} --data-urlencode`
  const env = { ...process.env, ROLL_REPLACE: ask('/replace'), ROLL_HEALTHY: ask('/healthy') }
  await run('sh', [join(PROJECT, 'compose/roll.sh'), ...names], { env, timeout: 120_000 }).finally(() =>
    control.close(),
  )
}
