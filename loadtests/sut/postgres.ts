import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { UnreachableError } from '../errors.ts'
import { awaitReady } from './await-ready.ts'
import { failOnDeath, firstDeath, startChild } from './child.ts'
import { startOnFreePort } from './free-port.ts'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import { readPostgresFacts } from './postgres-facts.ts'
import type { RunDirectory } from './run-directory.ts'
import type { Store } from './store.ts'

const run = promisify(execFile)
const USER = 'postgres'
const START_DEADLINE_MS = 30_000

export interface PostgresOptions {
  directory: RunDirectory
  port?: number
  maxConnections?: number
  /** More server settings, or other values for those below. */
  settings?: Record<string, string>
  /** Of the process and its files, when a run needs more than one. */
  name?: string
}

/** Starts an empty Postgres of our own, which takes connections from this machine only. */
export async function startPostgres(options: PostgresOptions): Promise<Store> {
  const home = join(options.directory.path, options.name ?? 'postgres')
  await mkdir(home)
  const binaries = await findPostgresBinaries(home)
  const password = randomBytes(16).toString('hex')
  await initialise(binaries, home, password)
  return startOnFreePort(options.port, (port) => launchPostgres(binaries, home, password, port, options))
}

async function initialise(binaries: PostgresBinaries, home: string, password: string): Promise<void> {
  const { user } = binaries
  const passwordFile = join(home, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (user) await Promise.all([home, passwordFile].map((path) => chown(path, user.uid, user.gid)))
  const args = [
    `--pgdata=${join(home, 'data')}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    // Nothing is worth keeping yet, and on a slow disk the sync takes longer than all the rest.
    '--no-sync',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  try {
    await run(binaries.initdb, args, { ...user, cwd: home, timeout: 120_000 })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UnreachableError(`Postgres could not be initialised: ${reason}`, { cause })
  } finally {
    await rm(passwordFile, { force: true })
  }
}

/** Runs a server on the data directory in `home`, which exists already. */
export async function launchPostgres(
  binaries: PostgresBinaries,
  home: string,
  password: string,
  port: number,
  options: PostgresOptions,
): Promise<Store> {
  const child = await startChild({
    name: options.name ?? 'postgres',
    command: binaries.postgres,
    args: ['-D', join(home, 'data'), ...listSettings(port, options).flatMap((setting) => ['-c', setting])],
    directory: options.directory,
    cwd: home,
    ...(binaries.user && { user: binaries.user }),
    // Immediate shutdown: a fast one would write a checkpoint of data that is thrown away the next moment.
    stopSignal: 'SIGQUIT',
  })
  const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`
  await awaitReady(child, () => ping(url), START_DEADLINE_MS)
  const died = firstDeath([failOnDeath(child)])
  return { url, pid: child.pid, ...(await readPostgresFacts(url)), died, stop: () => child.stop() }
}

function listSettings(port: number, options: PostgresOptions): string[] {
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: String(options.maxConnections ?? 200),
    synchronous_commit: 'on',
    fsync: 'on',
    shared_preload_libraries: 'pg_stat_statements',
    // A checkpoint in the midst of a trial would add full-page images to it alone, so that none is due by itself.
    max_wal_size: '4GB',
    checkpoint_timeout: '30min',
    ...options.settings,
  }
  return Object.entries(settings).map(([name, value]) => `${name}=${value}`)
}

/**
 * Whether it cleans up by itself, once a minute. A shorter load would meet that or not.
 * @param client of a Postgres of our own
 */
export async function setAutovacuum(client: pg.Client, isOn: boolean): Promise<void> {
  await client.query(`ALTER SYSTEM SET autovacuum = ${isOn ? 'on' : 'off'}`)
  await client.query('SELECT pg_reload_conf()')
}

async function ping(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => undefined)
  }
}
