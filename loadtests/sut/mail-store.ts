import { type Mail, type MailBehaviour, readHeaders } from './mail-messages.ts'

/** Raw text of so many mails is kept, the newest ones; of all others only what the list shows. */
const RAW_MAILS_KEPT = 20_000

export interface MailStore {
  add(raw: string, to: string): void
  list(since: number, limit: number): Mail[]
  readonly count: number
  /** When it was made, in milliseconds since 1970. */
  readonly sinceMs: number
  /** Null when there is no such mail, or its text was let go. */
  readRaw(index: number): string | null
  clear(): void
  behaviour: MailBehaviour
  /** The behaviour for one mail, counted against `remaining`. */
  takeBehaviour(): MailBehaviour['mode']
}

export function createMailStore(): MailStore {
  let mails: Mail[] = []
  let raws = new Map<number, string>()
  return {
    behaviour: { mode: 'accept' },
    sinceMs: Date.now(),
    get count() {
      return mails.length
    },
    add(raw, to) {
      const names = ['X-Redemption-Id', 'X-Rebind-Id', 'Subject', 'Message-ID']
      const [redemptionId, rebindId, subject, messageId] = readHeaders(raw, names)
      raws.set(mails.length, raw)
      raws.delete(mails.length - RAW_MAILS_KEPT)
      mails.push({
        redemption_id: redemptionId ?? null,
        rebind_id: rebindId ?? null,
        to,
        subject: subject ?? '',
        message_id: messageId ?? '',
        received_at_ms: performance.timeOrigin + performance.now(),
      })
    },
    list: (since, limit) => mails.slice(since, since + limit),
    readRaw: (index) => raws.get(index) ?? null,
    clear() {
      mails = []
      raws = new Map()
    },
    takeBehaviour() {
      const { mode, remaining } = this.behaviour
      if (remaining !== undefined)
        this.behaviour = remaining > 1 ? { mode, remaining: remaining - 1 } : { mode: 'accept' }
      return mode
    },
  }
}
