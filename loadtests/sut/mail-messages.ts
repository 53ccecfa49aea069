import { z } from 'zod'

/** A mail that the sink took, as its HTTP side lists it. */
export const mailSchema = z.object({
  /** From the header X-Redemption-Id; null for a mail without one. */
  redemption_id: z.string().nullable(),
  /** From the header X-Rebind-Id: the mail tells a holder about another team, it is no invite. */
  rebind_id: z.string().nullable().default(null),
  to: z.string(),
  subject: z.string(),
  message_id: z.string(),
  /** Milliseconds since the epoch, with a fraction. */
  received_at_ms: z.number(),
})
export type Mail = z.infer<typeof mailSchema>

/**
 * How the sink answers; every mode but `accept` is a fault put in on purpose. `drop-after-data` keeps the mail and cuts
 * the connection before it says so: the sender cannot know whether it arrived.
 */
export const mailBehaviourSchema = z.object({
  mode: z.enum(['accept', 'reject-permanent', 'reject-transient', 'drop-after-data']),
  /** After so many mails it accepts again; without it, until told otherwise. */
  remaining: z.number().int().positive().optional(),
})
export type MailBehaviour = z.infer<typeof mailBehaviourSchema>

/** Subject, ids and so on out of a raw mail; a header that is missing is null. */
export function readHeaders(raw: string, names: readonly string[]): (string | null)[] {
  const end = raw.indexOf('\r\n\r\n')
  // A folded header goes on in lines that begin with white space (RFC 5322, section 2.2.3).
  const head = `\r\n${end < 0 ? raw : raw.slice(0, end)}`.replace(/\r\n[ \t]+/g, ' ')
  const lowered = head.toLowerCase()
  return names.map((name) => {
    const start = lowered.indexOf(`\r\n${name.toLowerCase()}:`)
    if (start < 0) return null
    const from = start + name.length + 3
    const until = head.indexOf('\r\n', from)
    return head.slice(from, until < 0 ? undefined : until).trim()
  })
}
