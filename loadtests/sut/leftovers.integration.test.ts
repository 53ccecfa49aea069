import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { clearLeftovers } from './leftovers.ts'
import { readStartTime } from './process-identity.ts'
import { createRunDirectory, OWNER_FILE, type Owner, ownerSchema } from './run-directory.ts'

let parent: string

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'leftovers-test-'))
  chmodSync(parent, 0o711)
})

afterAll(() => rmSync(parent, { recursive: true, force: true }))

async function startHarness(runId: string) {
  const entry = fileURLToPath(new URL('./fixtures/harness-to-kill.ts', import.meta.url))
  const harness = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), entry, runId, parent], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(harness.stdout), 'line')
  const started = z.object({ stores: z.array(z.number()), sink: z.number() }).parse(JSON.parse(line))
  return { harness, ...started }
}

async function awaitEnd(pid: number): Promise<void> {
  while (readStartTime(pid) !== null) await sleep(20)
}

function editOwner(directory: string, edit: (owner: Owner) => void): void {
  const file = join(directory, OWNER_FILE)
  const owner = ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  edit(owner)
  writeFileSync(file, JSON.stringify(owner))
}

test('what a killed harness left is stopped and removed; while it lives nothing is touched', async () => {
  const { harness, stores, sink } = await startHarness('killed')
  expect(await clearLeftovers(parent)).toEqual([])
  harness.kill('SIGKILL')
  await once(harness, 'exit')
  // The mail sink sees its channel close; the stores know nothing of the harness and go on.
  await awaitEnd(sink)
  expect(stores.map((pid) => readStartTime(pid) !== null)).toEqual([true, true])
  const [cleared] = await clearLeftovers(parent)
  expect(cleared?.stopped.map((command) => command.split(':')[0]).sort()).toEqual(['postgres', 'redis'])
  expect(stores.map(readStartTime)).toEqual([null, null])
  expect(readdirSync(parent)).toEqual([])
})

test('a process that only has the pid of a former child is left alone', async () => {
  const directory = createRunDirectory('reused', parent)
  editOwner(directory.path, (owner) => {
    owner.harness.start_time = 'long ago'
    owner.children = [{ pid: process.pid, start_time: 'long ago', command: 'redis', stop_signal: 'SIGKILL' }]
  })
  expect(await clearLeftovers(parent)).toEqual([{ directory: directory.path, stopped: [] }])
  expect(existsSync(directory.path)).toBe(false)
})

test('the directory of a process in another container is left alone', async () => {
  const directory = createRunDirectory('elsewhere', parent)
  editOwner(directory.path, (owner) => {
    owner.harness = { pid: 999_999_999, start_time: '1' }
    owner.pid_namespace = 'pid:[1]'
  })
  expect(await clearLeftovers(parent)).toEqual([])
  await directory.remove()
})

test.runIf(process.getuid?.() === 0)('a directory that another user made is left alone', async () => {
  const directory = createRunDirectory('planted', parent)
  editOwner(directory.path, (owner) => {
    owner.harness.start_time = 'long ago'
  })
  chownSync(join(directory.path, OWNER_FILE), 65_534, 65_534)
  expect(await clearLeftovers(parent)).toEqual([])
  await directory.remove()
})

test('a temp directory that cannot be used holds nothing, and is named when a run wants it', async () => {
  const missing = join(parent, 'missing')
  expect(await clearLeftovers(missing)).toEqual([])
  expect(() => createRunDirectory('run', missing)).toThrow(`under ${missing} (ENOENT): set TMPDIR to another one`)
})
