import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { PROCESS_KINDS } from '../run-file.ts'

/** Where everything of a running system is found: the line that `start --json` prints. */
export const systemDescriptionSchema = z.object({
  url: z.string(),
  /** Operations port of the first server process. */
  ops_url: z.string(),
  metrics_urls: z.array(z.object({ kind: z.enum(PROCESS_KINDS), pid: z.number(), url: z.string() })),
  sample_code: z.string(),
  /** Each for one person. */
  personal_codes: z.array(z.string()).default([]),
  /** Where people redeem in a browser, and read about the API. */
  page_url: z.string().default(''),
  docs_url: z.string().default(''),
  /** The operator's view of the queues, for the user `admin` with this password. */
  board_url: z.string().default(''),
  board_password: z.string().default(''),
  /** HS256, signed with the secret that the server got. */
  admin_token: z.string(),
  database_url: z.string(),
  redis_url: z.string(),
  /** Answers with the list of mails that arrived. */
  mails_url: z.string(),
})
export type SystemDescription = z.infer<typeof systemDescriptionSchema>

/** Reads what was kept of `start --json`; lines around it, such as npm's own, do no harm. @throws UsageError */
export async function readSystemDescription(file: string): Promise<SystemDescription> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${cause.code})`, { cause })
  })
  const line = text.split('\n').find((candidate) => candidate.startsWith('{'))
  const parsed = systemDescriptionSchema.safeParse(parseJson(line ?? ''))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.slice(0, 3).map(({ path, message }) => `${path.join('.') || 'line'}: ${message}`)
  throw new UsageError(`${file} does not hold the line of \`npm start -- --json\`: ${faults.join('; ')}`)
}

/** Operations port of the scheduler, which knows streams and jobs. */
export function schedulerUrlOf(system: SystemDescription): string | null {
  const found = system.metrics_urls.find(({ kind }) => kind === 'scheduler')
  return found?.url.replace(/\/metrics$/, '') ?? null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
