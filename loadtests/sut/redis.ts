import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UnreachableError } from '../errors.ts'
import { awaitReady } from './await-ready.ts'
import { failOnDeath, firstDeath, startChild } from './child.ts'
import { findProgram } from './find-program.ts'
import { startOnFreePort } from './free-port.ts'
import { connectRedis, readRedisFacts } from './redis-facts.ts'
import type { RunDirectory } from './run-directory.ts'
import type { Store } from './store.ts'

const START_DEADLINE_MS = 15_000

export interface RedisOptions {
  directory: RunDirectory
  port?: number
  /** Of the process and its files, when a run needs more than one. */
  name?: string
}

/** Starts a Redis (or Valkey) of our own that survives a crash up to a second and never evicts a key. */
export async function startRedis(options: RedisOptions): Promise<Store> {
  const program = findProgram(['redis-server', 'valkey-server'])
  if (!program) {
    throw new UnreachableError('Neither redis-server nor valkey-server is on the PATH. Install one, or set REDIS_URL.')
  }
  return startOnFreePort(options.port, (port) => launch(program, port, options))
}

async function launch(program: string, port: number, { directory, name = 'redis' }: RedisOptions): Promise<Store> {
  const home = join(directory.path, name)
  await mkdir(home, { recursive: true })
  const child = await startChild({ name, command: program, args: listSettings(port, home), directory, cwd: home })
  const url = `redis://127.0.0.1:${port}`
  await awaitReady(child, () => checkIsOurs(url, child.pid), START_DEADLINE_MS)
  const died = firstDeath([failOnDeath(child)])
  return { url, pid: child.pid, ...(await readRedisFacts(url)), died, stop: () => child.stop() }
}

function listSettings(port: number, home: string): string[] {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: home,
    daemonize: 'no',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    save: '',
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}

/** On a port that was taken somebody else's Redis would answer, while ours is about to give up. */
async function checkIsOurs(url: string, pid: number): Promise<void> {
  const client = await connectRedis(url, 2_000)
  try {
    const info = await client.info('server')
    if (!info.includes(`process_id:${pid}\r\n`)) throw new Error('another Redis answers on this port')
  } finally {
    client.disconnect()
  }
}
