import pg from 'pg'

/** Makes a database, as a copy of `template` when one is named, and returns its URL. */
export async function createDatabase(adminUrl: string, name: string, template?: string): Promise<string> {
  const copyOf = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)}`
  await execute(adminUrl, `CREATE DATABASE ${pg.escapeIdentifier(name)}${copyOf}`)
  const url = new URL(adminUrl)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}

/** Removes a database; connections that are still open to it are cut. */
export function dropDatabase(adminUrl: string, name: string): Promise<void> {
  return execute(adminUrl, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`)
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
