import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readStartTime } from '../sut/process-identity.ts'
import { OWNER_FILE, type Owner, ownerSchema, RUN_DIRECTORY_PREFIX } from '../sut/run-directory.ts'

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url))
const POLL_MS = 20
/** Of this process's own that would decide what a command does. */
const LEFT_OUT = ['DATABASE_URL', 'REDIS_URL', 'npm_lifecycle_event', 'FORCE_COLOR']

export interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningCli {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** Waits until both outputs together show this. @throws when it ends before */
  awaitOutput(pattern: RegExp): Promise<string>
  kill(signal: NodeJS.Signals): void
}

/** The real command line in processes of its own, with a temp directory of its own to see what it leaves there. */
export interface CliHarness {
  readonly directory: string
  start(args: readonly string[], env?: Record<string, string>): RunningCli
  run(args: readonly string[], env?: Record<string, string>): Promise<Ended>
  /** Run directories that exist right now, with what their owners started. */
  listRuns(): { path: string; owner: Owner | null }[]
  /** Ends what a failed test left running. */
  stopAll(): Promise<void>
  /** Removes the temp directory too. */
  close(): Promise<void>
}

export function createCliHarness(): CliHarness {
  // Not with the prefix of run directories: nobody shall take it for one.
  const directory = mkdtempSync(join(tmpdir(), 'cli-test-'))
  // Postgres runs as a user of its own when we are root, and must be able to pass through.
  chmodSync(directory, 0o711)
  shareTranspiled(directory)
  const running = new Set<RunningCli>()

  function start(args: readonly string[], env: Record<string, string> = {}): RunningCli {
    const inherited = Object.entries(process.env).filter(([name]) => !LEFT_OUT.includes(name))
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), CLI, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...Object.fromEntries(inherited), TMPDIR: directory, ...env },
    })
    const cli = watch(child)
    running.add(cli)
    void cli.ended.then(() => running.delete(cli))
    return cli
  }

  async function stopAll(): Promise<void> {
    for (const cli of running) cli.kill('SIGTERM')
    await Promise.all([...running].map(({ ended }) => ended))
  }

  return {
    directory,
    start,
    run: (args, env) => start(args, env).ended,
    listRuns: () => listRuns(directory),
    stopAll,
    async close() {
      await stopAll()
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** tsx keeps what it transpiled in the temp directory: without this each file's first processes would begin anew. */
function shareTranspiled(directory: string): void {
  const name = `tsx-${process.getuid?.() ?? ''}`
  mkdirSync(join(tmpdir(), name), { recursive: true })
  symlinkSync(join(tmpdir(), name), join(directory, name))
}

function watch(child: ChildProcess): RunningCli {
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', (chunk: string) => {
      output[stream] += chunk
    })
  let hasEnded = false
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      hasEnded = true
      resolve({ code: signal ?? code, ...output })
    })
  })
  return {
    process: child,
    ended,
    async awaitOutput(pattern) {
      for (;;) {
        const found = pattern.exec(output.stdout + output.stderr)
        if (found) return found[0]
        if (hasEnded) throw new Error(`it ended without ${pattern}:\n${output.stdout}${output.stderr}`)
        await sleep(POLL_MS)
      }
    },
    kill: (signal) => child.kill(signal),
  }
}

function listRuns(parent: string): { path: string; owner: Owner | null }[] {
  const names = readdirSync(parent).filter((name) => name.startsWith(RUN_DIRECTORY_PREFIX))
  return names.map((name) => ({ path: join(parent, name), owner: readOwner(join(parent, name, OWNER_FILE)) }))
}

/** Null while it is being made or removed. */
function readOwner(file: string): Owner | null {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

/** Waits until a process is gone. */
export async function awaitEnd(pid: number): Promise<void> {
  while (readStartTime(pid) !== null) await sleep(POLL_MS)
}
