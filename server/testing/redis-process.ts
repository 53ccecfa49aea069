import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { inject } from 'vitest'

const HOST = '127.0.0.1'
const START_MS = 15_000
const POLL_MS = 20
const MAX_ATTEMPTS = 3
/** The nodes of a cluster talk to each other on their port plus this. */
const BUS_OFFSET = 10_000
const PORTS = { from: 10_000, below: 32_768 - BUS_OFFSET } as const
const MAX_TRIED_PORTS = 50

const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/** A Redis that a test started and may kill. */
export interface RedisProcess {
  readonly port: number
  /** For the test's own questions; it connects again by itself. */
  readonly admin: Redis
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>
  /** Starts it again with its files. */
  restart(): Promise<void>
  /** Stops it for a while without breaking its connections, until it is killed or stopped. */
  freeze(): void
  /** Ends it and removes its files. */
  stop(): Promise<void>
}

/**
 * Starts a Redis on a free port, with its files in a directory of its own. Somebody else may take the port meanwhile, so
 * it is tried on another one then.
 * @param lines of its redis.conf or sentinel.conf. @throws when there is none on the PATH or it does not answer in time
 */
export async function startRedisProcess(
  lines: readonly string[],
  kind: 'server' | 'sentinel' = 'server',
): Promise<RedisProcess> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(lines, kind)
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error
    }
  }
}

async function launch(lines: readonly string[], kind: 'server' | 'sentinel'): Promise<RedisProcess> {
  const program = inject('redisProgram')
  if (program === '') throw new Error('Neither redis-server nor valkey-server is on the PATH')
  const home = await mkdtemp(join(tmpdir(), 'redline-redis-'))
  const port = await findFreePort()
  const config = join(home, 'redis.conf')
  await writeFile(config, [`port ${port}`, `bind ${HOST}`, `dir ${home}`, 'save ""', ...lines, ''].join('\n'))
  const admin = new Redis({ host: HOST, port, retryStrategy: () => 50, maxRetriesPerRequest: null })
  admin.on('error', () => {})
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const started = spawn(program, [config, ...(kind === 'sentinel' ? ['--sentinel'] : [])], { stdio: 'ignore' })
    child = started
    children.add(started)
    started.once('exit', () => children.delete(started))
    await once(started, 'spawn')
    await untilTrue(`Redis on port ${port}`, async () => {
      if (started.exitCode !== null) throw new Error(`Redis ended with code ${started.exitCode}`)
      return admin.status === 'ready' && (await admin.info('server')).includes(`process_id:${started.pid}\r`)
    })
  }
  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  async function stop(): Promise<void> {
    admin.disconnect()
    await kill()
    await rm(home, { recursive: true, force: true })
  }

  try {
    await start()
  } catch (error) {
    await stop()
    throw error
  }
  return { port, admin, kill, restart: start, freeze: () => void child?.kill('SIGSTOP'), stop }
}

/** @throws Error when it does not become true within 15 s */
export async function untilTrue(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + START_MS
  while (!(await check())) {
    if (performance.now() > giveUpAt) throw new Error(`${what} was not ready within ${START_MS} ms`)
    await sleep(POLL_MS)
  }
}

/**
 * A port that nobody used a moment ago, nor the one on which a cluster's node would be talked to by the others. Both are
 * below those that systems give to outgoing connections, so that nobody has it either while a killed Redis is away.
 */
async function findFreePort(): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(PORTS.from, PORTS.below)
    try {
      for (const each of [port, port + BUS_OFFSET]) await listenOnce(each)
      return port
    } catch (error) {
      if (attempt === MAX_TRIED_PORTS) throw error
    }
  }
}

async function listenOnce(port: number): Promise<void> {
  const server = createServer()
  await once(server.listen(port, HOST), 'listening')
  await once(server.close(), 'close')
}
