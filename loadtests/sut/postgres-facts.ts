import pg from 'pg'

const RECORDED = [
  'max_connections',
  'synchronous_commit',
  'fsync',
  'full_page_writes',
  'shared_preload_libraries',
  'shared_buffers',
  'max_wal_size',
  'checkpoint_timeout',
  'wal_level',
] as const

export interface PostgresFacts {
  version: string
  settings: Record<string, string>
}

/** Version and the settings that decide what a commit costs and promises. */
export async function readPostgresFacts(url: string): Promise<PostgresFacts> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  try {
    const shown = await client.query<{ name: string; value: string }>(
      `SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY($1) ORDER BY name`,
      [[...RECORDED, 'server_version']],
    )
    const { server_version: version = 'unknown', ...settings } = Object.fromEntries(
      shown.rows.map((row) => [row.name, row.value]),
    )
    return { version, settings }
  } finally {
    await client.end()
  }
}
