import { z } from 'zod'
import { askJson } from './ask-json.ts'
import { type Mail, type MailBehaviour, mailBehaviourSchema, mailSchema } from './mail-messages.ts'
import type { RunDirectory } from './run-directory.ts'
import { type SupervisedProcess, startSupervised } from './supervisor.ts'

/** One page of the list; small, so that a long list never stands in memory as one text. */
const PAGE = 5_000

/** `since_ms`: when the sink began, in milliseconds since 1970. */
const countSchema = z.object({ count: z.number(), since_ms: z.number() })

export interface MailSink {
  readonly smtpUrl: string
  /** Of the page and the list; `<url>/mails` is what scripts read. */
  readonly url: string
  readonly process: SupervisedProcess
  count(): Promise<number>
  /** All mails from this index on, in the order in which they arrived. */
  readMails(since?: number): Promise<Mail[]>
  clear(): Promise<void>
  setBehaviour(behaviour: MailBehaviour): Promise<void>
  stop(): Promise<void>
}

/** Starts an SMTP server that takes every mail and delivers none. */
export async function startMailSink(directory: RunDirectory, signal?: AbortSignal): Promise<MailSink> {
  const child = await startSupervised({
    name: 'mail-sink',
    entry: new URL('./mail-sink-process.ts', import.meta.url),
    env: {},
    directory,
    ...(signal && { signal }),
  })
  const { url, smtp_url: smtpUrl } = z.object({ url: z.string(), smtp_url: z.string() }).parse(child.ready)
  return {
    smtpUrl,
    url,
    process: child,
    count: async () => (await askJson(`${url}/mails/count`, countSchema)).count,
    readMails: (since = 0) => readMails(`${url}/mails`, since),
    clear: async () => void (await askJson(`${url}/mails`, countSchema, { method: 'DELETE' })),
    setBehaviour: async (behaviour) =>
      void (await askJson(`${url}/behaviour`, mailBehaviourSchema, { method: 'PUT', body: JSON.stringify(behaviour) })),
    stop: () => child.stop(),
  }
}

/** When a sink began; null for a list of mails that somebody else keeps and that does not say so. */
export async function readSinkStart(mailsUrl: string): Promise<number | null> {
  const start = await askJson(`${mailsUrl}/count`, countSchema).catch(() => null)
  return start?.since_ms ?? null
}

/** Reads the list of a sink, page by page. @throws UnreachableError */
export async function readMails(mailsUrl: string, since = 0): Promise<Mail[]> {
  const mails: Mail[] = []
  for (;;) {
    const url = `${mailsUrl}?since=${since + mails.length}&limit=${PAGE}`
    const page = await askJson(url, z.array(mailSchema))
    mails.push(...page)
    if (page.length < PAGE) return mails
  }
}
