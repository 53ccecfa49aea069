import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import pg from 'pg'
import type { LimiterMode, Profile } from '../run-file.ts'
import { firstDeath } from './child.ts'
import { SAMPLE, seedSample } from './redeem-data.ts'
import type { RunDirectory } from './run-directory.ts'
import { type Stores, type StoresOptions, startStores } from './stores.ts'
import { migrate, type System, startSystem } from './system.ts'
import type { SystemDescription } from './system-description.ts'

export interface DemoOptions extends StoresOptions {
  readonly mode: LimiterMode
  readonly profile: Profile
  readonly directory: RunDirectory
  /** Of the public port; 0 = any free one. */
  readonly port: number
  /** Requests a minute from one address; 0 = no limit. */
  readonly ipLimit: number
}

export interface DemoSystem {
  readonly description: SystemDescription
  /** Rejects when a part of it ends unasked; never resolves. */
  readonly died: Promise<never>
  stop(): Promise<void>
}

/** Longer than anybody lets it run; the secret behind it is drawn anew at each start. */
const TOKEN_LIFETIME = '30d'

/** Starts stores and system with a sample code in it. What was started is stopped again when a part fails. */
export async function startDemoSystem(options: DemoOptions): Promise<DemoSystem> {
  const stores = await startStores(options)
  try {
    await migrate(stores)
    options.signal?.throwIfAborted()
    await withClient(stores.postgres.url, seedSample)
    const secret = randomBytes(32).toString('hex')
    const boardPassword = randomBytes(12).toString('base64url')
    const env = {
      ...readTracingVariables(),
      ADMIN_JWT_SECRET: secret,
      BOARD_PASSWORD: boardPassword,
      IP_LIMIT_PER_MINUTE: String(options.ipLimit),
      MAINTENANCE: 'true',
    }
    const system = await startSystem(stores, { ...options, env })
    return {
      description: describe(stores, system, { adminToken: await signAdminToken(secret), boardPassword }),
      died: firstDeath([system.died, stores.died]),
      stop: async () => {
        await system.stop()
        await stores.stop()
      },
    }
  } catch (error) {
    await stores.stop()
    throw error
  }
}

/** OpenTelemetry's own variables say to the processes what they say to us. */
function readTracingVariables(): Record<string, string> {
  const isTracing = ([name, value]: [string, string | undefined]) => name.startsWith('OTEL_') && value !== undefined
  return Object.fromEntries(Object.entries(process.env).filter(isTracing)) as Record<string, string>
}

function describe(
  stores: Stores,
  system: System,
  secrets: { adminToken: string; boardPassword: string },
): SystemDescription {
  return {
    url: system.url,
    ops_url: system.opsUrls('server')[0] ?? '',
    metrics_urls: system.processes.map(({ kind, pid, ops_url: url }) => ({ kind, pid, url: `${url}/metrics` })),
    sample_code: SAMPLE.code,
    personal_codes: [...SAMPLE.personalCodes],
    page_url: `${system.url}/invite`,
    docs_url: `${system.url}/docs`,
    board_url: `${system.opsUrls('scheduler')[0] ?? ''}/board`,
    board_password: secrets.boardPassword,
    admin_token: secrets.adminToken,
    database_url: stores.postgres.url,
    redis_url: stores.redis.url,
    mails_url: `${stores.mailSink.url}/mails`,
  }
}

function signAdminToken(secret: string): Promise<string> {
  return new SignJWT({ role: 'admin' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject('admin')
    .setIssuedAt()
    .setExpirationTime(TOKEN_LIFETIME)
    .sign(new TextEncoder().encode(secret))
}

async function withClient(url: string, use: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await use(client)
  } finally {
    await client.end()
  }
}
