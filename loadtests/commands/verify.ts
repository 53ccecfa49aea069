import { Command } from 'commander'
import pg from 'pg'
import { checkInvariants } from '../analysis/invariants.ts'
import { InvalidRunError, UnreachableError, UsageError } from '../errors.ts'
import { showsColour } from '../report/terminal-report.ts'
import { describeFindings, type Finding, renderFindings } from '../report/verify-report.ts'
import { collectEvidence } from '../sut/collect-evidence.ts'
import { waitUntilDrained } from '../sut/drain.ts'
import { readMails, readSinkStart } from '../sut/mail-sink.ts'
import { describeAddress, describeFailure } from '../sut/store.ts'
import { readSystemDescription, schedulerUrlOf } from '../sut/system-description.ts'
import { parseHttpUrl, parseSeconds, parseWholeNumber } from './options.ts'

interface VerifyOptions {
  databaseUrl?: string
  serverOpsUrl?: string
  schedulerOpsUrl?: string
  mailsUrl?: string
  answers?: string[]
  system?: string
  wait: number
  kills: number
  json: boolean
}

/** Where the traces of the system are; what is not known is not examined. */
interface Sources {
  readonly databaseUrl: string
  readonly serverUrl: string | null
  readonly schedulerUrl: string | null
  readonly mailsUrl: string | null
  readonly answers: readonly string[]
}

const CONNECT_TIMEOUT_MS = 5_000
const UNDEFINED_TABLE = '42P01'

const HELP = `
An answers file holds what clients were told, a line for each request with six fields between tabs: accepted,
rejected or indeterminate; the redemption id of a 202; email; code; time of the answer (ms since 1970); HTTP status.

Examples:
  npm run --silent start -- --json >system.json        in one terminal
  npm run verify -- --system system.json               in another one
  npm run verify -- --database-url postgres://localhost/redline --scheduler-ops-url http://127.0.0.1:9102

Exit code: 0 nothing broke, 2 wrong use, 3 something cannot be reached or there was nothing to look at, 4 an
invariant broke.`

/** `verify`: the invariants of a system at rest. */
export function createVerifyCommand(): Command {
  return new Command('verify')
    .description('check the invariants of a system at rest')
    .option('--system <file>', 'what `start --json` printed: stands for all URLs below')
    .option('--database-url <url>', 'of its Postgres (default: DATABASE_URL)')
    .option('--server-ops-url <url>', 'operations port of a server: its buckets', parseHttpUrl)
    .option('--scheduler-ops-url <url>', 'operations port of a scheduler: streams and jobs', parseHttpUrl)
    .option('--mails-url <url>', 'list of the mails that arrived, as JSON', parseHttpUrl)
    .option('--answers <file...>', 'answers that clients received')
    .option('--wait <seconds>', 'for the system to come to rest, when a scheduler can be asked', parseSeconds, 30)
    .option('--kills <n>', 'processes that were killed: each may double a mail', parseWholeNumber(0), 0)
    .option('--json', 'print the findings alone on stdout', false)
    .addHelpText('after', HELP)
    .action(verify)
}

async function verify(options: VerifyOptions): Promise<void> {
  const sources = await findSources(options)
  const findings = await withClient(sources.databaseUrl, (client) => examine(client, sources, options))
  const table = () => renderFindings(findings, { colour: showsColour(process.stdout) })
  process.stdout.write(`${options.json ? JSON.stringify({ schema: 1, invariants: findings }) : table()}\n`)
  if (findings.every(({ verdict }) => verdict === 'not examined'))
    throw new InvalidRunError('nothing was examined: there is no code in this database')
  process.exitCode = findings.some(({ verdict }) => verdict === 'broken') ? 4 : 0
}

/** An option goes before the system's description, which goes before the environment. */
async function findSources(options: VerifyOptions): Promise<Sources> {
  const system = options.system === undefined ? null : await readSystemDescription(options.system)
  const databaseUrl = options.databaseUrl ?? system?.database_url ?? process.env['DATABASE_URL']
  if (!databaseUrl)
    throw new UsageError('verify needs a database: --database-url, DATABASE_URL, or --system with a file')
  return {
    databaseUrl,
    serverUrl: options.serverOpsUrl ?? system?.ops_url ?? null,
    schedulerUrl: options.schedulerOpsUrl ?? (system && schedulerUrlOf(system)),
    mailsUrl: options.mailsUrl ?? system?.mails_url ?? null,
    answers: options.answers ?? [],
  }
}

async function examine(client: pg.Client, sources: Sources, { wait, kills }: VerifyOptions): Promise<Finding[]> {
  const { schedulerUrl, serverUrl, mailsUrl, answers } = sources
  const rest = schedulerUrl && (await waitUntilDrained(schedulerUrl, client, wait, new AbortController().signal))
  // One snapshot for all tables, should something move nevertheless.
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const evidence = await collectEvidence(
    {
      client,
      answersFiles: answers,
      readMails: mailsUrl === null ? null : () => readMails(mailsUrl),
      mailsSinceMs: mailsUrl === null ? null : await readSinkStart(mailsUrl),
      bucketsUrl: serverUrl,
      schedulerUrl,
    },
    // A code that nobody asked for since it was made has no bucket yet.
    {
      occupancy: { samples: 0, exceeded: [] },
      drained: rest ? rest.drained : null,
      kills,
      everyCodeHasBucket: false,
      rooms: null,
    },
  )
  const given = {
    answers: answers.length > 0,
    mails: mailsUrl !== null,
    server: serverUrl !== null,
    scheduler: schedulerUrl !== null,
  }
  return describeFindings(checkInvariants(evidence), given)
}

async function withClient<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const address = addressOf(url)
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => undefined)
  try {
    await client.connect().catch((cause: unknown) => {
      throw new UnreachableError(`Postgres at ${address} cannot be used: ${describeFailure(cause)}.`, { cause })
    })
    return await use(client)
  } catch (error) {
    if ((error as { code?: string }).code !== UNDEFINED_TABLE) throw error
    throw new UsageError(`The database at ${address} has not Redline's tables: is it the right one?`, { cause: error })
  } finally {
    await client.end().catch(() => undefined)
  }
}

function addressOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed && ['postgres:', 'postgresql:'].includes(parsed.protocol)) return describeAddress(parsed, 5432)
  throw new UsageError('The database URL is not of the form postgres://user:password@host:5432/database.')
}
