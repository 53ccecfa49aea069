import { createHmac, randomUUID } from 'node:crypto'

/**
 * Names of everything in Redis. A code, its bucket and the stream that carries its redemptions share a hash tag, so a
 * script finds all its keys in one slot of a Redis Cluster. The shard also stands in the last byte of each redemption
 * id, so that a status can be asked for by the id alone.
 */
export interface Keys {
  readonly shards: number
  readonly bullPrefix: string
  shardOf(code: string): number
  newRedemptionId(code: string): string
  shardOfRedemption(id: string): number
  bucket(code: string): string
  /** Hash: email → redemption id of those who hold a use of this code. */
  holders(code: string): string
  rebuildLock(code: string): string
  /** Stream of accepted redemptions that Postgres does not have yet. */
  stream(shard: number): string
  /** Hash: redemption id → what was accepted, until Postgres has it. */
  uncommitted(shard: number): string
  /** Stream of entries that could not be read as a redemption. */
  deadEntries(shard: number): string
  semaphore(part: 'holders' | 'line' | 'arrivals' | 'processes'): string
  semaphoreChannel(processId: string): string
  /** Free seats of a group. */
  seats(groupId: number): string
  /** Hash: what an idempotency key (by its hash) was first used for. */
  idempotency(hash: string): string
  /**
   * Logs of one client's requests and failed tries. Its address stands in no key: pseudonymous, not anonymous, for whoever
   * knows the prefix can try all addresses.
   */
  clientLogs(client: string): { readonly requests: string; readonly failures: string }
  /** Set: ids of the processes that are or were alive; what each says of itself stands in `process(id)`. */
  readonly processes: string
  process(id: string): string
  /** The limiter mode that served last. */
  readonly mode: string
}

export function createKeys(prefix: string, shards: number): Keys {
  const shardOf = (code: string) => hash(code) % shards
  const shardKey = (shard: number, name: string) => `${prefix}:{s${shard}}:${name}`
  const codeKey = (code: string, name: string) => `${shardKey(shardOf(code), name)}:${code}`
  return {
    shards,
    bullPrefix: `{${prefix}:bull}`,
    mode: `${prefix}:mode`,
    processes: `${prefix}:{processes}:ids`,
    process: (id) => `${prefix}:{processes}:${id}`,
    shardOf,
    newRedemptionId: (code) => randomUUID().slice(0, -2) + shardOf(code).toString(16).padStart(2, '0'),
    shardOfRedemption: (id) => Number.parseInt(id.slice(-2), 16),
    bucket: (code) => codeKey(code, 'bucket'),
    holders: (code) => codeKey(code, 'holders'),
    rebuildLock: (code) => codeKey(code, 'rebuild'),
    stream: (shard) => shardKey(shard, 'ledger'),
    uncommitted: (shard) => shardKey(shard, 'uncommitted'),
    deadEntries: (shard) => shardKey(shard, 'dead'),
    seats: (groupId) => `${prefix}:{seats}:${groupId}`,
    idempotency: (hash) => `${prefix}:{key:${hash}}:idempotency`,
    clientLogs(client) {
      const name = createHmac('sha256', prefix).update(client).digest('base64url').slice(0, 22)
      return { requests: `${prefix}:{client:${name}}:requests`, failures: `${prefix}:{client:${name}}:tries` }
    },
    semaphore: (part) => `${prefix}:{semaphore}:${part}`,
    semaphoreChannel: (processId) => `${prefix}:{semaphore}:granted:${processId}`,
  }
}

/** FNV-1a, 32 bit: short, spreads well, the same in every process. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}
