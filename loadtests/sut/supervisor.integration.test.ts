import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UnreachableError } from '../errors.ts'
import { startChild } from './child.ts'
import { readStartTime } from './process-identity.ts'
import { createRunDirectory, type RunDirectory } from './run-directory.ts'
import { startSupervised } from './supervisor.ts'

let directory: RunDirectory

beforeAll(() => {
  directory = createRunDirectory(`tests-${randomBytes(6).toString('hex')}`)
})

afterAll(() => directory.remove())

const READY = `process.send({ type: 'ready', url: 'http://127.0.0.1:1', processes: [
  { kind: 'server', pid: process.pid, ops_url: 'http://127.0.0.1:2' }], greeting: process.env.GREETING });`
const STAY = 'setInterval(() => undefined, 60_000);'

function start(name: string, program: string, more: { readyTimeoutMs?: number; signal?: AbortSignal } = {}) {
  const file = join(directory.path, `${name}.mts`)
  writeFileSync(file, program)
  return startSupervised({ name, entry: pathToFileURL(file), env: { GREETING: 'hello' }, directory, ...more })
}

test('hands out what the program said when it was ready, and ends it on demand', async () => {
  const child = await start('fine', `process.on('SIGTERM', () => process.exit(0)); ${READY} ${STAY}`)
  expect(child.ready).toMatchObject({ url: 'http://127.0.0.1:1', greeting: 'hello' })
  expect(child.ready.processes[0]?.pid).toBe(child.pid)
  await child.stop()
  expect(await child.died).toEqual({ code: 0, signal: null, wanted: true })
})

test('messages go both ways', async () => {
  const child = await start('echo', `${READY} process.on('message', (message) => process.send({ echo: message }))`)
  const answer = new Promise((resolve) => child.onMessage(resolve))
  child.send({ number: 7 })
  expect(await answer).toEqual({ echo: { number: 7 } })
  await child.stop()
})

test('a program that ends at its start is reported with its last lines', async () => {
  const attempt = start('broken', `console.error('the database is missing'); process.exit(3)`)
  await expect(attempt).rejects.toThrow(UnreachableError)
  await expect(attempt).rejects.toThrow(/broken ended at its start \(exit code 3\):\nthe database is missing/)
})

test('a program that is never ready is stopped at the deadline', async () => {
  const attempt = start('slow', `console.error('pid', process.pid); ${STAY}`, { readyTimeoutMs: 2_000 })
  const error: Error = await attempt.then(
    () => new Error('it was ready'),
    (reason) => reason,
  )
  expect(error.message).toContain('slow was not ready within 2000 ms')
  expect(readStartTime(Number(/pid (\d+)/.exec(error.message)?.[1]))).toBeNull()
})

test('an interruption while it starts stops it', async () => {
  const abort = new AbortController()
  const attempt = start('interrupted', STAY, { signal: abort.signal })
  abort.abort(new Error('Ctrl-C'))
  await expect(attempt).rejects.toThrow('Ctrl-C')
})

test('a program that ignores SIGTERM is killed, and so is what it started', async () => {
  const grandchild = `import { spawn } from 'node:child_process';
    const { pid } = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 60_000)']);
    process.on('SIGTERM', () => undefined);
    process.send({ type: 'ready', url: null, processes: [{ kind: 'worker', pid, ops_url: null }] });`
  const child = await start('stubborn', grandchild)
  const pid = child.ready.processes[0]?.pid ?? 0
  expect(readStartTime(pid)).not.toBeNull()
  await child.stop(200)
  expect(await child.died).toMatchObject({ signal: 'SIGKILL', wanted: true })
  await expect.poll(() => readStartTime(pid)).toBeNull()
})

test('a program that cannot be run at all is an error of its start', async () => {
  const command = join(directory.path, 'no-such-program')
  await expect(startChild({ name: 'missing', command, args: [], directory })).rejects.toThrow('ENOENT')
})

test('a process that cannot be recorded does not stay', async () => {
  const pids: number[] = []
  const fullDisk: RunDirectory = {
    ...directory,
    recordChild: (pid) => {
      pids.push(pid)
      throw new Error('no space left on device')
    },
  }
  const attempt = startChild({ name: 'lost', command: 'sleep', args: ['60'], directory: fullDisk })
  await expect(attempt).rejects.toThrow('no space left')
  await expect.poll(() => readStartTime(pids[0] ?? 0)).toBeNull()
})

test('an unexpected end is noticed', async () => {
  const child = await start('dying', `${READY} setTimeout(() => process.exit(5), 50)`)
  expect(await child.died).toEqual({ code: 5, signal: null, wanted: false })
  await child.stop()
})
