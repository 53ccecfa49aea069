import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ReadyMessage } from '../server/lifecycle.ts'
import { eventually } from './testing/eventually.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { createTestPipeline, type TestPipeline } from './testing/test-pipeline.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
/** Longer than Bull needs to take over a job that nobody has begun: a worker closed in just that moment. */
const PATIENCE_MS = 60_000

describe('worker processes', { timeout: 120_000 }, () => {
  let pipeline: TestPipeline
  let sink: SmtpSink
  beforeAll(async () => {
    pipeline = await createTestPipeline()
    sink = await startSmtpSink()
  })
  afterEach(() => sink.behave({}))
  afterAll(async () => {
    await sink.close()
    await pipeline.close()
  })

  interface RunningWorker {
    readonly child: ChildProcess
    readonly processes: ReadyMessage['processes']
    /** What it told its parent, and each line of its log. */
    readonly messages: { type: string; pid?: number }[]
    readonly log: () => string
  }
  async function start(env: Record<string, string> = {}): Promise<RunningWorker> {
    const { databaseUrl, redisUrl, keys } = pipeline
    const child = fork(MAIN, [], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        REDIS_URL: redisUrl,
        REDIS_KEY_PREFIX: `${keys.mode.split(':')[0]}`,
        LEDGER_SHARDS: String(keys.shards),
        SMTP_URL: sink.url,
        DB_POOL_MAX: '3',
        WORKER_CONCURRENCY: '5',
        ...env,
      },
    })
    let log = ''
    child.stdout?.on('data', (chunk) => {
      log += chunk
    })
    const messages: RunningWorker['messages'] = []
    child.on('message', (message: { type: string }) => void messages.push(message))
    onTestFinished(async () => {
      if (child.exitCode === null && child.signalCode === null) await stop(child)
    })
    const [ready] = (await once(child, 'message')) as [ReadyMessage]
    return { child, processes: ready.processes, messages, log: () => log }
  }
  /** @returns its exit code */
  async function stop(child: ChildProcess): Promise<number | null> {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    return ((await exited) as [number | null])[0]
  }
  async function createInvites(count: number) {
    const code = await pipeline.createCode({ maxUses: count })
    pipeline.startRelay()
    const ids = await pipeline.reserve(
      code,
      Array.from({ length: count }, (_, n) => `${code.toLowerCase()}-${n}@example.test`),
    )
    const mailsOf = () => sink.mails.filter(({ redemptionId }) => ids.includes(redemptionId))
    return { code, ids, mailsOf }
  }
  const sentOf = async (code: string) =>
    (await pipeline.sql("SELECT 1 FROM redemptions WHERE code = $1 AND status = 'sent'", [code])).length
  const slowly = (ms: number) => sink.behave({ onReceived: () => sleep(ms) })

  test('stopped in the middle of many jobs: none is lost, none is done twice', async () => {
    slowly(20)
    const first = await start()
    const { code, ids, mailsOf } = await createInvites(120)
    await eventually(() => mailsOf().length).toBeGreaterThan(40)
    expect(await stop(first.child)).toBe(0)
    const before = await sentOf(code)
    expect(before).toBe(mailsOf().length)
    expect(before).toBeLessThan(120)
    await start()
    await eventually(() => sentOf(code), PATIENCE_MS).toBe(120)
    expect(
      mailsOf()
        .map(({ redemptionId }) => redemptionId)
        .sort(),
    ).toEqual([...ids].sort())
  })

  test('two processes that are replaced after 20 jobs each: one mail per invite', async () => {
    slowly(5)
    const { child, messages, processes, log } = await start({ WORKER_PROCESSES: '2', MAX_JOBS_PER_PROCESS: '20' })
    expect(new Set([child.pid, ...processes.map(({ pid }) => pid)]).size).toBe(3)
    const { code, ids, mailsOf } = await createInvites(120)
    await eventually(() => sentOf(code), PATIENCE_MS).toBe(120)
    expect(
      mailsOf()
        .map(({ redemptionId }) => redemptionId)
        .sort(),
    ).toEqual([...ids].sort())
    expect(log().match(/a process is worn/g)?.length).toBeGreaterThanOrEqual(4)
    expect(messages.filter(({ type }) => type === 'died')).toEqual([])
    expect(await stop(child)).toBe(0)
  })

  test('a process that dies is replaced, and whoever started the parent is told', async () => {
    const { child, processes, messages } = await start({ WORKER_PROCESSES: '2' })
    const [{ pid } = { pid: 0 }] = processes
    process.kill(pid, 'SIGKILL')
    await eventually(() => messages.filter(({ type }) => type === 'died')).toEqual([{ type: 'died', pid }])
    const { code } = await createInvites(10)
    await eventually(() => sentOf(code), PATIENCE_MS).toBe(10)
    expect(await stop(child)).toBe(0)
  })

  test('recycling alone brings a parent; when the parent is killed its process ends, too', async () => {
    const { child, processes } = await start({ MAX_JOBS_PER_PROCESS: '1000' })
    const [{ pid } = { pid: 0 }] = processes
    expect(processes.length).toBe(1)
    expect(pid).not.toBe(child.pid)
    child.kill('SIGKILL')
    await eventually(() => isAlive(pid)).toBe(false)
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
