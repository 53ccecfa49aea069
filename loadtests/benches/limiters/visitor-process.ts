import { Redis } from 'ioredis'
import { Semaphore as PeerSemaphore } from 'redis-semaphore'
import { openOurSemaphore } from './ours.ts'

/**
 * A process that wants places of a semaphore: `whose url key places limit leaseMs patienceMs`. It prints how many it
 * got within its patience, and holds them until it is killed.
 */
const [whose, url = '', key = '', ...numbers] = process.argv.slice(2)
const [places = 1, limit = 1, leaseMs = 1_000, patienceMs = 1_000] = numbers.map(Number)

const DEADLINE = { remainingMs: () => 60_000, signal: new AbortController().signal }

async function visitOurs(): Promise<number> {
  const semaphore = await openOurSemaphore(url, key, { limit, leaseMs, maxWaitMs: patienceMs })
  const leases = Array.from({ length: places }, () => semaphore.acquire(DEADLINE))
  return countFulfilled(leases)
}

async function visitPeer(): Promise<number> {
  const redis = new Redis(url)
  const options = { lockTimeout: leaseMs, acquireTimeout: patienceMs }
  return countFulfilled(Array.from({ length: places }, () => new PeerSemaphore(redis, key, limit, options).acquire()))
}

async function countFulfilled(attempts: Promise<unknown>[]): Promise<number> {
  return (await Promise.allSettled(attempts)).filter(({ status }) => status === 'fulfilled').length
}

const got = await (whose === 'ours' ? visitOurs() : visitPeer())
process.stdout.write(`${got}\n`)
setInterval(() => {}, 60_000)
