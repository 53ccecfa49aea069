import { z } from 'zod'
import { UnreachableError } from '../errors.ts'
import { type Mail, type MailBehaviour, mailSchema } from './mail-messages.ts'
import type { RunDirectory } from './run-directory.ts'
import { type SupervisedProcess, startSupervised } from './supervisor.ts'

/** One page of the list; small, so that a long list never stands in memory as one text. */
const PAGE = 5_000
const DEADLINE_MS = 30_000

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
    count: async () => z.object({ count: z.number() }).parse(await ask(`${url}/mails/count`)).count,
    readMails: (since = 0) => readPages(url, since),
    clear: async () => void (await ask(`${url}/mails`, { method: 'DELETE' })),
    setBehaviour: async (behaviour) =>
      void (await ask(`${url}/behaviour`, { method: 'PUT', body: JSON.stringify(behaviour) })),
    stop: () => child.stop(),
  }
}

async function readPages(url: string, since: number): Promise<Mail[]> {
  const mails: Mail[] = []
  for (;;) {
    const page = z.array(mailSchema).parse(await ask(`${url}/mails?since=${since + mails.length}&limit=${PAGE}`))
    mails.push(...page)
    if (page.length < PAGE) return mails
  }
}

async function ask(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(DEADLINE_MS) })
  if (!response.ok) throw new UnreachableError(`The mail sink answered ${response.status} to ${url}.`)
  return response.json()
}
