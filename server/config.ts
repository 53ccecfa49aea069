import { z } from 'zod'
import { wholeNumber } from './environment.ts'
import { LIMITER_MODES } from './limiters/limiter.ts'
import { parseRedisUrl } from './redis/parse-redis-url.ts'
import { tracingEnvironment } from './tracing/config.ts'

const storeUrl = (protocols: string[]) =>
  z
    .string({ error: 'is required' })
    .refine((value) => protocols.some((protocol) => value.startsWith(`${protocol}://`)), {
      error: `expected a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
    })

const redisUrl = z.string({ error: 'is required' }).superRefine((value, context) => {
  try {
    parseRedisUrl(value)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

/** What every process of the system needs: its stores, its logs, the rules of the ledger. */
export const commonEnvironment = z.object({
  /** `postgres://user:password@host:port/database` */
  DATABASE_URL: storeUrl(['postgres', 'postgresql']),
  /** A replica of it for reads that may be a little old; without one they go to DATABASE_URL. */
  DATABASE_READ_URL: storeUrl(['postgres', 'postgresql']).optional(),
  /** One server, a cluster or sentinels: see `parseRedisUrl`. */
  REDIS_URL: redisUrl,
  /** Stands in front of every key; two systems with different prefixes can share a Redis. */
  REDIS_KEY_PREFIX: z
    .string()
    .regex(/^[\w-]+$/, 'expected letters, digits, _ or -')
    .default('redline'),
  /** Shards of buckets and ledger streams; the same in every process, for ever (it is part of each redemption id). */
  LEDGER_SHARDS: wholeNumber(1, 256).default(4),
  LIMITER_MODE: z.enum(LIMITER_MODES, { error: `expected one of ${LIMITER_MODES.join(', ')}` }).default('token-bucket'),
  DB_POOL_MAX: wholeNumber(1).default(10),
  DB_POOL_ACQUIRE_MS: wholeNumber(1).default(30_000),
  /** Statements that take longer are logged with the shape of their plan; 0 = none. */
  SLOW_QUERY_MS: wholeNumber(0).default(100),
  /** Postgres ends a statement that takes longer. */
  STATEMENT_TIMEOUT_MS: wholeNumber(1).default(3_000),
  /** A redemption that is not sent by then is given back. */
  REDEMPTION_DEADLINE_SECONDS: wholeNumber(1).default(900),
  /** Operations port (metrics, health); 0 = chosen by the system. Never expose it. */
  OPS_PORT: wholeNumber(0, 65_535).default(0),
  OPS_HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ...tracingEnvironment,
})

export const serverEnvironment = commonEnvironment.extend({
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().default('127.0.0.1'),
  /** Processes that share PORT (node:cluster when more than one). */
  SERVER_PROCESSES: wholeNumber(1, 64).default(1),
  /** Set for each process of a cluster: its operations port is OPS_PORT plus this. */
  SERVER_INDEX: wholeNumber(0).default(0),
  /** Connections to Redis over which each server process spreads the commands of `token-bucket`. */
  REDIS_CONNECTIONS: wholeNumber(1, 100).default(1),
  /** A request that is not answered by then gets 503. */
  REQUEST_DEADLINE_MS: wholeNumber(1).default(10_000),
  /** Places of the semaphore: in this process (in-process) or over all of them (redis-semaphore). */
  SEMAPHORE_LIMIT: wholeNumber(1).default(10),
  /** Longest wait in the semaphore's line before 503. */
  SEMAPHORE_MAX_WAIT_MS: wholeNumber(1).default(5_000),
  /** Longest line in front of the semaphore; whoever comes then gets 503 at once. */
  SEMAPHORE_MAX_WAITING: wholeNumber(0).default(1_000),
  /** A holder that died frees its place after this; must be longer than STATEMENT_TIMEOUT_MS. */
  SEMAPHORE_LEASE_MS: wholeNumber(1).default(5_000),
  /** Proxies in front of the server: the client is the address that the outermost of them saw. 0: who connects. */
  TRUST_PROXY_HOPS: wholeNumber(0, 10).default(0),
  /** Requests to redeem of one client (address, or IPv6 /64) in any minute; 0 = no limit. */
  IP_LIMIT_PER_MINUTE: wholeNumber(0, 10_000).default(120),
  /** Failed tries of one client in any minute; 0 = no limit. */
  FAILED_TRIES_PER_MINUTE: wholeNumber(0, 10_000).default(10),
  /** How long a pass of the waiting room lets its holder redeem. */
  PASS_LIFETIME_SECONDS: wholeNumber(1).default(300),
  /** Signs the tokens of administrators and tenants (HS256), at least 32 bytes; without it neither admin API nor waiting room. */
  ADMIN_JWT_SECRET: z
    .string()
    .refine((secret) => Buffer.byteLength(secret) >= 32, 'expected at least 32 bytes')
    .optional(),
})

const times = serverEnvironment.pick({ SEMAPHORE_LEASE_MS: true, STATEMENT_TIMEOUT_MS: true })

export const serverConfig = serverEnvironment.refine((env) => env.SEMAPHORE_LEASE_MS > env.STATEMENT_TIMEOUT_MS, {
  path: ['SEMAPHORE_LEASE_MS'],
  error: 'expected more than STATEMENT_TIMEOUT_MS, or a lease ends while its statement still runs',
  // Also when other variables are faulty: all faults are told at once.
  when: ({ value }) => times.safeParse(value).success,
})

export type CommonConfig = Readonly<z.output<typeof commonEnvironment>>
export type ServerConfig = Readonly<z.output<typeof serverConfig>>
