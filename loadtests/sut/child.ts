import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidRunError } from '../errors.ts'
import { readTail } from './log-tail.ts'
import type { RunDirectory } from './run-directory.ts'

export interface Death {
  code: number | null
  signal: NodeJS.Signals | null
  /** True when it was asked to stop. */
  wanted: boolean
}

export interface Child {
  readonly name: string
  readonly pid: number
  readonly process: ChildProcess
  /** Resolves when the process has ended, for whatever reason; never rejects. */
  readonly died: Promise<Death>
  hasEnded(): boolean
  /** The last lines that it wrote, for error messages. */
  readLastLines(): string
  /** Sends the stop signal, and SIGKILL to its whole process group after the grace. Resolves when it has ended. */
  stop(graceMs?: number): Promise<void>
}

export interface ChildOptions {
  name: string
  command: string
  args: readonly string[]
  directory: RunDirectory
  env?: Record<string, string>
  cwd?: string
  user?: { uid: number; gid: number }
  stopSignal?: NodeJS.Signals
  withChannel?: boolean
}

/**
 * Starts a process whose output goes to `<name>.log` in the run's directory, and records it there. It leads a process
 * group of its own: a Ctrl-C on the terminal reaches the harness alone, which then stops things in their order.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, directory, stopSignal = 'SIGTERM' } = options
  const logFile = join(directory.path, `${name}.log`)
  const child = spawnInto(logFile, options)
  const pid = child.pid
  if (pid === undefined) throw await failureOf(child)
  child.on('error', () => undefined)
  try {
    directory.recordChild(pid, `${name}: ${options.command}`, stopSignal)
  } catch (error) {
    // What the next run could not find must not stay.
    killGroup(pid)
    throw error
  }
  let wanted = false
  const died = watchEnd(child, () => wanted).then((death) => {
    directory.forgetChild(pid)
    return death
  })
  return {
    name,
    pid,
    process: child,
    died,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    readLastLines: () => readTail(logFile),
    async stop(graceMs = 10_000) {
      wanted = true
      child.kill(stopSignal)
      const grace = new AbortController()
      await Promise.race([died, sleep(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)])
      grace.abort()
      killGroup(pid)
      await died
    },
  }
}

/** Rejects with its last lines when a child ends unasked; never resolves. */
export async function failOnDeath(child: Child): Promise<never> {
  const { code, signal, wanted } = await child.died
  if (wanted) return neverSettled()
  throw new InvalidRunError(`${child.name} ended (${signal ?? `exit code ${code}`}):\n${child.readLastLines()}`)
}

/** Rejects as soon as one of these does; not to be awaited is no fault. */
export function firstDeath(deaths: readonly Promise<never>[]): Promise<never> {
  const first = Promise.race(deaths)
  first.catch(() => undefined)
  return first
}

/** For what nobody here can see ending. */
export function neverSettled(): Promise<never> {
  return new Promise(() => undefined)
}

function spawnInto(logFile: string, options: ChildOptions): ChildProcess {
  const log = openSync(logFile, 'a')
  const spawnOptions: SpawnOptions = {
    cwd: options.cwd ?? options.directory.path,
    detached: true,
    stdio: ['ignore', log, log, ...(options.withChannel ? (['ipc'] as const) : [])],
    ...(options.env && { env: options.env }),
    ...options.user,
  }
  const child = spawn(options.command, options.args, spawnOptions)
  closeSync(log)
  return child
}

/** A program that cannot be run at all has no pid, and says why a moment later. */
function failureOf(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve))
}

function watchEnd(child: ChildProcess, wanted: () => boolean): Promise<Death> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, wanted: wanted() }))
  })
}

/** Also reaches what the child itself started and left, such as the members of a cluster. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is empty: all of it ended by itself.
  }
}
