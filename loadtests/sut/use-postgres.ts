import pg from 'pg'
import { UnreachableError, UsageError } from '../errors.ts'
import { neverSettled } from './child.ts'
import { readPostgresFacts } from './postgres-facts.ts'
import { describeAddress, describeFailure, type Store } from './store.ts'

/** Tables that a person made: neither the system's nor those of an extension. */
const COUNT_TABLES = `
  SELECT count(*)::int AS tables
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f', 'm')
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`

export interface UsePostgresOptions {
  allowNonempty?: boolean
  deadlineMs?: number
}

/**
 * Uses the Postgres at DATABASE_URL, which is never started, changed or stopped. Throws UnreachableError when it does not
 * answer in time, and UsageError when the URL is malformed or the database holds tables and that was not allowed.
 */
export async function usePostgres(url: string, options: UsePostgresOptions = {}): Promise<Store> {
  const address = describeAddress(parseUrl(url), 5432)
  const tables = await countTables(url, address, options.deadlineMs ?? 5_000)
  if (tables > 0 && !options.allowNonempty) {
    throw new UsageError(
      `The database at ${address} holds ${tables} tables. Name an empty one in DATABASE_URL, or pass --allow-nonempty.`,
    )
  }
  return { url, pid: null, ...(await readPostgresFacts(url)), died: neverSettled(), stop: async () => undefined }
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed && ['postgres:', 'postgresql:'].includes(parsed.protocol)) return parsed
  throw new UsageError('DATABASE_URL is not a URL of the form postgres://user:password@host:5432/database.')
}

async function countTables(url: string, address: string, deadlineMs: number): Promise<number> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: deadlineMs,
    query_timeout: deadlineMs,
  })
  // Without a listener a connection that breaks later would end the harness.
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ tables: number }>(COUNT_TABLES)
    return rows[0]?.tables ?? 0
  } catch (cause) {
    throw new UnreachableError(
      `Postgres at ${address} cannot be used: ${describeFailure(cause)}. ` +
        'Start it, correct DATABASE_URL, or unset DATABASE_URL to use the embedded one.',
      { cause },
    )
  } finally {
    // A server that accepts connections and never answers must not hold us here either.
    await Promise.race([client.end().catch(() => undefined), new Promise((done) => setTimeout(done, 1_000).unref())])
  }
}
