import pg from 'pg'

export interface WalVolume {
  bytes: number
  /** Full-page images among them; null when the server does not tell. They depend on the checkpoint, not on the work. */
  full_page_bytes: number | null
}

export interface WalReader {
  /** Makes the next change of each page log the whole page again. False when the user may not. */
  checkpoint(): Promise<boolean>
  /** Where the log ends now; null when the user may not see it. */
  readPosition(): Promise<string | null>
  /** What was written between two positions; null when one of them is not known. */
  readVolume(from: string | null, to: string | null): Promise<WalVolume | null>
  close(): Promise<void>
}

/**
 * Reads how much Postgres writes to its log, which is one for all databases of a server. The extension pg_walinspect is
 * made in the database of this URL when that is allowed (`mayCreateExtension`: never in somebody else's database).
 */
export async function createWalReader(url: string, options: { mayCreateExtension?: boolean } = {}): Promise<WalReader> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 60_000 })
  client.on('error', () => undefined)
  await client.connect()
  if (options.mayCreateExtension) await tryQuery(client, 'CREATE EXTENSION IF NOT EXISTS pg_walinspect')
  return {
    checkpoint: async () => (await tryQuery(client, 'CHECKPOINT')) !== null,
    async readPosition() {
      const rows = await tryQuery(client, 'SELECT pg_current_wal_lsn()::text AS value')
      return rows?.[0]?.value ?? null
    },
    async readVolume(from, to) {
      if (from === null || to === null) return null
      const [bytes, fullPage] = [
        await tryQuery(client, 'SELECT pg_wal_lsn_diff($2, $1)::text AS value', [from, to]),
        await tryQuery(client, 'SELECT sum(fpi_size)::text AS value FROM pg_get_wal_stats($1, $2)', [from, to]),
      ]
      if (!bytes?.[0]) return null
      return { bytes: Number(bytes[0].value), full_page_bytes: fullPage?.[0] ? Number(fullPage[0].value) : null }
    },
    close: () => client.end(),
  }
}

/** Null when the server refuses: an extension, a right or a piece of the log may be missing. */
async function tryQuery(client: pg.Client, text: string, values: unknown[] = []): Promise<{ value: string }[] | null> {
  try {
    return (await client.query<{ value: string }>(text, values)).rows
  } catch {
    return null
  }
}
