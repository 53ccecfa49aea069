import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { readStartTime } from '../sut/process-identity.ts'
import { type SystemDescription, systemDescriptionSchema } from '../sut/system-description.ts'
import { awaitEnd, type CliHarness, createCliHarness, type RunningCli } from '../testing/cli.ts'

const LONG_MS = 180_000
let cli: CliHarness

beforeAll(() => {
  cli = createCliHarness()
})

afterEach(() => cli.stopAll())

afterAll(() => cli.close())

async function startJson(...more: string[]): Promise<{ running: RunningCli; system: SystemDescription }> {
  const running = cli.start(['start', '--json', '--port', '0', ...more])
  const line = await running.awaitOutput(/^\{.*\}\n/m)
  return { running, system: systemDescriptionSchema.parse(JSON.parse(line)) }
}

async function redeem(system: SystemDescription, email: string, personalCode?: string) {
  const path = personalCode === undefined ? 'direct-redeem' : 'redeem'
  const response = await fetch(`${system.url}/api/v1/public/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, code: personalCode ?? system.sample_code }),
  })
  expect(response.status).toBe(202)
  return (await response.json()) as { redemption_id: string; status_url: string }
}

async function readMails(system: SystemDescription): Promise<{ to: string }[]> {
  return (await (await fetch(system.mails_url)).json()) as { to: string }[]
}

test('two at once do not meet; verify finds them sound; SIGINT and SIGTERM stop them with 0', {
  timeout: LONG_MS,
}, async () => {
  const [one, other] = await Promise.all([startJson(), startJson('--mode', 'none', '--servers', '2')])
  const { redemption_id: id, status_url: statusUrl } = await redeem(one.system, 'ada@example.com')
  expect(one.system.personal_codes).toHaveLength(20)
  await redeem(other.system, 'ben@example.com', other.system.personal_codes[19])
  await expect
    .poll(async () => (await readMails(one.system)).map(({ to }) => to), { timeout: 10_000 })
    .toEqual(['ada@example.com'])
  // The mail is there a moment before it is marked as sent.
  await expect
    .poll(async () => (await fetch(one.system.url + statusUrl)).json(), { timeout: 10_000 })
    .toMatchObject({ redemption_id: id, status: 'sent' })
  expect((await fetch(other.system.url + statusUrl)).status).toBe(404)
  await expect
    .poll(async () => (await readMails(other.system)).map(({ to }) => to), { timeout: 10_000 })
    .toEqual(['ben@example.com'])

  expect(one.system.metrics_urls.map(({ kind }) => kind).sort()).toEqual(['scheduler', 'server', 'worker'])
  expect(other.system.metrics_urls.filter(({ kind }) => kind === 'server')).toHaveLength(2)
  for (const { url } of other.system.metrics_urls) expect((await fetch(url)).status).toBe(200)
  expect(await (await fetch(`${one.system.ops_url}/health/ready`)).json()).toMatchObject({ status: 'ready' })
  const claims = JSON.parse(Buffer.from(one.system.admin_token.split('.')[1] ?? '', 'base64url').toString())
  expect(claims).toMatchObject({ sub: 'admin', role: 'admin' })

  const { url, page_url: page, docs_url: docs, board_url: board, board_password: password } = one.system
  expect([page, docs]).toEqual([`${url}/invite`, `${url}/docs`])
  expect(one.system.metrics_urls.map((process) => process.url)).toContain(board.replace('/board', '/metrics'))
  expect(password.length).toBeGreaterThanOrEqual(16)
  expect(password).not.toBe(other.system.board_password)

  const file = join(cli.directory, 'running.json')
  writeFileSync(file, `> npm's banner\n${JSON.stringify(one.system)}\n`)
  const verified = await cli.run(['verify', '--system', file])
  expect(verified.stdout).toContain('8 held, 0 broken, 2 not examined')
  expect(verified.code).toBe(0)

  const pids = [...one.system.metrics_urls, ...other.system.metrics_urls].map(({ pid }) => pid)
  one.running.kill('SIGINT')
  other.running.kill('SIGTERM')
  const [first, second] = await Promise.all([one.running.ended, other.running.ended])
  expect([first.code, second.code]).toEqual([0, 0])
  expect(first.stdout.trim().split('\n')).toHaveLength(1)
  expect(pids.map(readStartTime).filter((time) => time !== null)).toEqual([])
  expect(cli.listRuns()).toEqual([])
})

test('a taken port is a clear failure before anything is started', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as { port: number }
  const { code, stderr } = await cli.run(['start', '--port', String(port)])
  holder.close()
  expect(stderr).toBe(
    `redline: Port ${port} on 127.0.0.1 is taken: choose another one with --port, 0 for any free one.\n`,
  )
  expect(code).toBe(3)
})

test('killed: its processes end by themselves, its stores by the next start, whose curl line works', {
  timeout: LONG_MS,
}, async () => {
  const { running, system } = await startJson()
  const owner = cli.listRuns()[0]?.owner
  running.kill('SIGKILL')
  await running.ended
  await Promise.all(system.metrics_urls.map(({ pid }) => awaitEnd(pid)))

  const next = cli.start(['start', '--port', '0'])
  const cleared = await next.awaitOutput(/cleared what a killed run left: .*\n/)
  expect(cleared).toContain('postgres: ')
  expect(cleared).toContain('redis: ')
  expect(owner?.children.map(({ pid }) => readStartTime(pid)).filter((time) => time !== null)).toEqual([])
  const curl = await next.awaitOutput(/curl .*\n/)
  await next.awaitOutput(/Ctrl-C/)
  await next.awaitOutput(/limits per client: off/)
  await next.awaitOutput(/page +http:\S+\/invite\n/)
  await next.awaitOutput(/board +http:\S+\/board {3}\(user admin, password \S+\)/)
  const { stdout } = spawnSync('sh', ['-c', curl], { encoding: 'utf8' })
  expect(JSON.parse(stdout)).toMatchObject({ status: 'reserved' })

  // A part that dies: here the worker.
  const worker = cli.listRuns()[0]?.owner?.children.find(({ command }) => command.startsWith('worker-1'))
  process.kill(worker?.pid ?? 0, 'SIGKILL')
  const { code, stderr } = await next.ended
  expect(stderr).toMatch(/redline: worker-1 ended \(SIGKILL\)/)
  expect(code).toBe(3)
  expect(cli.listRuns()).toEqual([])
})

test('interrupted before it is ready: 143, and nothing is left', async () => {
  const running = cli.start(['start', '--port', '0'])
  await running.awaitOutput(/starting Postgres/)
  running.kill('SIGTERM')
  expect((await running.ended).code).toBe(143)
  expect(cli.listRuns()).toEqual([])
})
