import { SignJWT } from 'jose'
import { serverConfig } from '../config.ts'
import { parseEnvironment } from '../environment.ts'
import { createLogger } from '../logger.ts'
import { type RunningServer, startServer } from '../start-server.ts'
import { type Answer, type DocumentedApi, readDocumentedApi } from './documented-api.ts'
import type { TestStores } from './test-stores.ts'

export const ADMIN_SECRET = 'a secret of the tests, longer than 32 bytes'

/** A server on the stores of a test file, with an administrator. */
export interface DocumentedServer extends RunningServer {
  readonly api: DocumentedApi
  /** Asks below `/api/v1/admin`, as an administrator. */
  asAdmin(method: string, path: string, body?: unknown): Promise<Answer>
}

export async function startDocumentedServer(
  stores: TestStores,
  environment: Record<string, string> = {},
): Promise<DocumentedServer> {
  const config = parseEnvironment(serverConfig, {
    DATABASE_URL: stores.databaseUrl,
    REDIS_URL: stores.redisUrl,
    REDIS_KEY_PREFIX: `${stores.keys.mode.split(':')[0]}`,
    LEDGER_SHARDS: String(stores.keys.shards),
    LIMITER_MODE: 'none',
    PORT: '0',
    IP_LIMIT_PER_MINUTE: '0',
    FAILED_TRIES_PER_MINUTE: '0',
    ADMIN_JWT_SECRET: ADMIN_SECRET,
    ...environment,
  })
  const server = await startServer(config, createLogger('silent', 'server'))
  const api = await readDocumentedApi(server.url)
  const authorization = `Bearer ${await signToken({ role: 'admin' })}`
  return {
    ...server,
    api,
    asAdmin: (method, path, body) => api.ask(method, `/api/v1/admin${path}`, { body, headers: { authorization } }),
  }
}

/** As `npm start` signs them, unless told otherwise. */
export function signToken(
  claims: Record<string, unknown>,
  { secret = ADMIN_SECRET, expires = '1h', typ = 'JWT' } = {},
) {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ })
    .setSubject('admin')
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret))
}
