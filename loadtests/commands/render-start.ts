import { plural } from '../analysis/format.ts'
import type { SystemDescription } from '../sut/system-description.ts'
import type { StartOptions } from './start.ts'

const LABEL_WIDTH = 10

/**
 * What runs where, for a person. The curl line works as it stands.
 * @param watch what looks at it, already rendered
 * @param given stores that somebody else runs: their passwords are not shown
 */
export function renderStart(
  system: SystemDescription,
  options: Omit<StartOptions, 'json' | 'allowNonempty'>,
  given: { databaseUrl?: string | undefined; redisUrl?: string | undefined },
  watch = '',
): string {
  const { servers, workers, concurrency, pool } = options
  const shape = [
    options.mode,
    plural(servers, 'server process', 'server processes'),
    `${plural(workers, 'worker')} × ${concurrency} jobs`,
    `pool ${pool}`,
    `limits per client: ${options.ipLimit === 0 ? 'off' : `${options.ipLimit} requests a minute`}`,
  ]
  const rows: (readonly [string, string])[] = [
    ['page', system.page_url],
    ['redeem', curlLine(system)],
    ['status', `${system.url}/api/v1/public/redemptions/<redemption_id>   (the answer's status_url)`],
    ['docs', system.docs_url],
    ['board', `${system.board_url}   (user admin, password ${system.board_password})`],
    ['mails', `${system.mails_url.replace(/\/mails$/, '/')}   (as JSON: ${system.mails_url})`],
    ...system.metrics_urls.map(({ kind, pid, url }) => [kind, `${url}   (pid ${pid})`] as const),
    ['Postgres', given.databaseUrl ? hidePassword(system.database_url) : system.database_url],
    ['Redis', given.redisUrl ? hidePassword(system.redis_url) : system.redis_url],
  ]
  const lines = rows.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)} ${text}`)
  return `
Redline runs at ${system.url} (${shape.join(', ')}).
The code ${system.sample_code} can be redeemed by many people, ${system.personal_codes[0]} to ${system.personal_codes.at(-1)} by one each:

${lines.join('\n')}
${watch}
Ctrl-C stops all of it.
`
}

function curlLine({ url, sample_code: code }: SystemDescription): string {
  const body = JSON.stringify({ email: 'ada@example.com', code })
  return `curl -sS ${url}/api/v1/public/direct-redeem -H 'Content-Type: application/json' -d '${body}'`
}

function hidePassword(url: string): string {
  const shown = new URL(url)
  if (shown.password !== '') shown.password = '***'
  return shown.href
}
