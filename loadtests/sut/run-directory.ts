import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { UnreachableError } from '../errors.ts'
import { readBootId, readPidNamespace, readStartTime } from './process-identity.ts'

export const RUN_DIRECTORY_PREFIX = 'redline-'
export const OWNER_FILE = 'owner.json'

const processSchema = z.object({ pid: z.number().int().positive(), start_time: z.string().nullable() })

/** Who made a run directory and what it started, so that the next run can clear up after one that was killed. */
export const ownerSchema = z.object({
  boot_id: z.string(),
  pid_namespace: z.string(),
  harness: processSchema,
  children: z.array(processSchema.extend({ command: z.string(), stop_signal: z.string() })),
})
export type Owner = z.infer<typeof ownerSchema>

export interface RunDirectory {
  readonly path: string
  /** To be called right after the start, before anything is awaited: what is not recorded is not cleared. */
  recordChild(pid: number, command: string, stopSignal: NodeJS.Signals): void
  forgetChild(pid: number): void
  /** Removes the directory with all in it; the children must be gone. */
  remove(): Promise<void>
}

/** Makes `<parent>/redline-<runId>/`. Throws UnreachableError when it cannot be made, or exists already. */
export function createRunDirectory(runId: string, parent = tmpdir()): RunDirectory {
  const path = join(parent, RUN_DIRECTORY_PREFIX + runId)
  makeDirectory(path, parent)
  const owner: Owner = {
    boot_id: readBootId(),
    pid_namespace: readPidNamespace(),
    harness: { pid: process.pid, start_time: readStartTime(process.pid) },
    children: [],
  }
  const save = () => saveOwner(path, owner)
  save()
  return {
    path,
    recordChild(pid, command, stopSignal) {
      owner.children.push({ pid, start_time: readStartTime(pid), command, stop_signal: stopSignal })
      save()
    },
    forgetChild(pid) {
      owner.children = owner.children.filter((child) => child.pid !== pid)
      try {
        save()
      } catch {
        // The directory is gone already, or the disk is full: the start time will show that the child has ended.
      }
    },
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  }
}

function makeDirectory(path: string, parent: string): void {
  try {
    // Others may pass through (Postgres runs as a user of its own when we are root), but not list what is in it.
    mkdirSync(path, { mode: 0o711 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOSPC') throw cause
    throw new UnreachableError(`no directory can be made under ${parent} (${code}): set TMPDIR to another one`, {
      cause,
    })
  }
}

function saveOwner(path: string, owner: Owner): void {
  const file = join(path, OWNER_FILE)
  // Written beside and renamed, so that a kill in between never leaves half a file.
  writeFileSync(`${file}.new`, JSON.stringify(owner), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
