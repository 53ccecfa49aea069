import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isSameProcess, readBootId, readPidNamespace } from './process-identity.ts'
import { OWNER_FILE, type Owner, ownerSchema, RUN_DIRECTORY_PREFIX } from './run-directory.ts'

export interface Leftover {
  directory: string
  /** Commands of the processes that still ran and were stopped. */
  stopped: string[]
}

/**
 * Clears what killed harnesses left behind: stops the children that still run, each only when its start time shows that
 * it is really that child, then removes the directory. Directories of other users and of living harnesses stay.
 */
export async function clearLeftovers(parent = tmpdir()): Promise<Leftover[]> {
  const cleared: Leftover[] = []
  for (const name of listRunDirectories(parent)) {
    const directory = join(parent, name)
    const owner = readOwner(directory)
    if (!owner || isAlive(owner)) continue
    const stopped = await stopChildren(owner)
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    cleared.push({ directory, stopped })
  }
  return cleared
}

/** None where nothing can be read: whoever makes a directory there will say so. */
function listRunDirectories(parent: string): string[] {
  try {
    return readdirSync(parent).filter((name) => name.startsWith(RUN_DIRECTORY_PREFIX))
  } catch {
    return []
  }
}

/** As `clearLeftovers`, and tells what it found. */
export async function clearAfterKilled(say: (line: string) => void): Promise<void> {
  for (const { directory, stopped } of await clearLeftovers())
    say(`cleared what a killed run left: ${directory}${stopped.map((command) => `, ${command}`).join('')}`)
}

/** Null for what is not ours: in a shared temp directory anyone could plant a file that names processes to stop. */
function readOwner(directory: string): Owner | null {
  const file = join(directory, OWNER_FILE)
  try {
    const isOurs = [directory, file].every((path) => lstatSync(path).uid === process.getuid?.())
    if (!isOurs || !lstatSync(file).isFile()) return null
    return ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.boot_id !== readBootId()) return false
  // Whether the processes of another container live cannot be seen from here: leave them alone.
  if (owner.pid_namespace !== readPidNamespace()) return true
  return isSameProcess(owner.harness.pid, owner.harness.start_time)
}

async function stopChildren(owner: Owner): Promise<string[]> {
  if (owner.boot_id !== readBootId()) return []
  const alive = owner.children.filter((child) => isSameProcess(child.pid, child.start_time))
  await Promise.all(alive.map(stopChild))
  return alive.map((child) => child.command)
}

async function stopChild(child: Owner['children'][number]): Promise<void> {
  const graceMs = 5_000
  for (const signal of [child.stop_signal as NodeJS.Signals, 'SIGKILL' as const]) {
    sendSignal(child.pid, signal)
    const deadline = Date.now() + graceMs
    while (Date.now() < deadline) {
      if (!isSameProcess(child.pid, child.start_time)) return
      await sleep(20)
    }
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended in the meantime.
  }
}
