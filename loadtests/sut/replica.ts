import { execFile } from 'node:child_process'
import { chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { startOnFreePort } from './free-port.ts'
import { launchPostgres } from './postgres.ts'
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts'
import type { RunDirectory } from './run-directory.ts'
import type { Store } from './store.ts'

const run = promisify(execFile)
const COPY_TIMEOUT_MS = 60_000

export interface ReplicaOptions {
  readonly directory: RunDirectory
  /** One of our own, on this machine: its data directory is copied. */
  readonly primary: Store
  /** Of the process and its files. */
  readonly name?: string
}

/**
 * Starts a streaming replica. The embedded package has no pg_basebackup, so its work is done by hand: the files are
 * copied between pg_backup_start and pg_backup_stop, and the label that the latter gives is written beside them.
 * https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
export async function startReplica({ directory, primary, name = 'replica' }: ReplicaOptions): Promise<Store> {
  const home = join(directory.path, name)
  await mkdir(home)
  const binaries = await findPostgresBinaries(home)
  if (binaries.user) await chown(home, binaries.user.uid, binaries.user.gid)
  const label = await copyData(primary.url, home, binaries)
  await makeStandby(primary.url, home, label, binaries)
  const options = {
    directory,
    name,
    // A replica must allow as many connections as its primary.
    maxConnections: Number(primary.settings['max_connections']),
  }
  const password = new URL(primary.url).password
  return startOnFreePort(undefined, (port) => launchPostgres(binaries, home, password, port, options))
}

/** @returns the backup label */
async function copyData(primaryUrl: string, home: string, { user }: PostgresBinaries): Promise<string> {
  const client = new pg.Client({ connectionString: primaryUrl })
  // Start and stop belong to one session.
  await client.connect()
  try {
    const { rows: settings } = await client.query<{ data_directory: string }>('SHOW data_directory')
    await client.query(`SELECT pg_backup_start('replica', true)`)
    const data = join(home, 'data')
    await run('cp', ['-R', settings[0]?.data_directory ?? '', data], { ...user, timeout: COPY_TIMEOUT_MS })
    const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(true)')
    return rows[0]?.labelfile ?? ''
  } finally {
    await client.end()
  }
}

async function makeStandby(primaryUrl: string, home: string, label: string, { user }: PostgresBinaries): Promise<void> {
  const data = join(home, 'data')
  const { hostname, port, username, password } = new URL(primaryUrl)
  const connection = `host=${hostname} port=${port} user=${username} password=${password}`
  await Promise.all(['postmaster.pid', 'postmaster.opts'].map((file) => rm(join(data, file), { force: true })))
  // What the primary has in hand while it runs, and no backup may bring along.
  for (const folder of ['pg_replslot', 'pg_stat_tmp', 'pg_dynshmem']) {
    for (const file of await readdir(join(data, folder))) await rm(join(data, folder, file), { recursive: true })
  }
  const files = {
    backup_label: label,
    'standby.signal': '',
    'postgresql.auto.conf': `primary_conninfo = '${connection}'\n`,
  }
  for (const [file, content] of Object.entries(files)) {
    await writeFile(join(data, file), content, { mode: 0o600 })
    if (user) await chown(join(data, file), user.uid, user.gid)
  }
}
