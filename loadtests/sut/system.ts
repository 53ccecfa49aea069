import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { InvalidRunError, UnreachableError } from '../errors.ts'
import type { LimiterMode, ProcessKind, Profile } from '../run-file.ts'
import { failOnDeath, firstDeath } from './child.ts'
import type { RunDirectory } from './run-directory.ts'
import type { Stores } from './stores.ts'
import { type SupervisedProcess, startSupervised } from './supervisor.ts'

export interface SystemOptions {
  readonly mode: LimiterMode
  readonly profile: Profile
  readonly directory: RunDirectory
  /** Of the public port; 0 = any free one. */
  readonly port?: number
  /** More settings for its processes, by their names in `.env.example`. */
  readonly env?: Readonly<Record<string, string>>
  /** Of Node, for all its processes. */
  readonly nodeFlags?: readonly string[]
  readonly signal?: AbortSignal
}

/** A process of the system, and where it can be asked. */
export interface SystemProcess {
  readonly kind: ProcessKind
  readonly pid: number
  readonly ops_url: string
}

/** The reference system: server, workers and scheduler, ready to be loaded. */
export interface System {
  readonly url: string
  readonly processes: readonly SystemProcess[]
  /** Root processes by kind: what descends from them belongs to them. */
  readonly roots: Partial<Record<ProcessKind, readonly number[]>>
  /** Rejects when a process ends unasked; never resolves. */
  readonly died: Promise<never>
  opsUrls(kind: ProcessKind): string[]
  stop(): Promise<void>
}

const ENTRIES = {
  server: new URL('../../server/main.ts', import.meta.url),
  worker: new URL('../../worker/main.ts', import.meta.url),
  scheduler: new URL('../../worker/scheduler.ts', import.meta.url),
} as const

const MIGRATE = new URL('../../server/db/migrate-main.ts', import.meta.url)
const MIGRATE_TIMEOUT_MS = 60_000
const run = promisify(execFile)

/** Brings the database to the current schema. @throws UnreachableError with what the migration said */
export async function migrate(stores: Stores): Promise<void> {
  const args = ['--import', import.meta.resolve('tsx'), fileURLToPath(MIGRATE), 'up']
  const env = { ...process.env, DATABASE_URL: stores.postgres.url }
  await run(process.execPath, args, { env, timeout: MIGRATE_TIMEOUT_MS }).catch((cause: { stderr?: string }) => {
    throw new UnreachableError(`The migrations failed: ${cause.stderr?.trim() || String(cause)}`, { cause })
  })
}

/** Starts all processes at once. What was started is stopped again when one of them fails. */
export async function startSystem(stores: Stores, options: SystemOptions): Promise<System> {
  const { profile, directory, nodeFlags, signal } = options
  const start = (kind: keyof typeof ENTRIES, name: string, env: Record<string, string>) =>
    startSupervised({
      name,
      entry: ENTRIES[kind],
      directory,
      nodeFlags,
      env: { ...describeEnvironment(stores, options), ...env, ...options.env },
      ...(signal && { signal }),
    })
  const starting = [
    start('server', 'server', { PORT: String(options.port ?? 0), SERVER_PROCESSES: String(profile.servers) }),
    start('scheduler', 'scheduler', {}),
    ...Array.from({ length: profile.workers }, (_, index) => start('worker', `worker-${index + 1}`, {})),
  ]
  const started = await Promise.allSettled(starting)
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.find((one) => one.status === 'rejected')
  if (failed) {
    await stopAll(running)
    throw failed.reason
  }
  return createSystem(running)
}

function describeEnvironment(stores: Stores, { mode, profile }: SystemOptions): Record<string, string> {
  return {
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl,
    SMTP_URL: stores.mailSink.smtpUrl,
    SMTP_CONNECTIONS: String(Math.min(profile.concurrency, 10)),
    LIMITER_MODE: mode,
    DB_POOL_MAX: String(profile.pool),
    SEMAPHORE_LIMIT: String(profile.semaphore),
    REDIS_CONNECTIONS: String(profile.redis_connections),
    WORKER_CONCURRENCY: String(profile.concurrency),
    LOG_LEVEL: 'warn',
    // All clients of a load come from one address.
    IP_LIMIT_PER_MINUTE: '0',
    FAILED_TRIES_PER_MINUTE: '0',
    // A job by the clock would fall into some trials and not into others.
    MAINTENANCE: 'false',
  }
}

function createSystem(running: readonly SupervisedProcess[]): System {
  const processes = running.flatMap(({ ready }) => ready.processes as SystemProcess[])
  const roots: Partial<Record<ProcessKind, number[]>> = {}
  for (const { pid, ready } of running) {
    const kind = ready.processes[0]?.kind
    if (kind !== undefined) roots[kind] = [...(roots[kind] ?? []), pid]
  }
  return {
    url: running[0]?.ready.url ?? '',
    processes,
    roots,
    died: firstDeath([...running.map(failOnDeath), ...running.map(failOnDeathInCluster)]),
    opsUrls: (kind) => processes.filter((process) => process.kind === kind).map(({ ops_url }) => ops_url),
    stop: () => stopAll(running),
  }
}

const diedMessageSchema = z.object({ type: z.literal('died'), pid: z.number() })

/** A cluster replaces a process of its own that died, and tells so: what was measured belongs to neither of them. */
function failOnDeathInCluster(child: SupervisedProcess): Promise<never> {
  return new Promise((_, reject) => {
    child.onMessage((message) => {
      const died = diedMessageSchema.safeParse(message)
      if (died.success) reject(new InvalidRunError(`${child.name}: its process ${died.data.pid} died`))
    })
  })
}

/** All at once: none of them needs another to end well. */
async function stopAll(running: readonly SupervisedProcess[]): Promise<void> {
  await Promise.all(running.map((child) => child.stop()))
}
