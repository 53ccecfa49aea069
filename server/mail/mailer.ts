import nodemailer from 'nodemailer'

export interface InviteMail {
  readonly redemptionId: string
  readonly email: string
  readonly teamName: string
}

/** What is known of a mail that was not confirmed. */
export type MailFailure =
  /** The receiver refused it for good: another try is useless. */
  | 'rejected'
  /** It was certainly not handed over. */
  | 'not_sent'
  /** The connection broke after the text was sent: it may be out. */
  | 'unknown'

export class MailError extends Error {
  override readonly name = 'MailError'
  readonly failure: MailFailure
  constructor(failure: MailFailure, cause: unknown) {
    super(`The mail was not confirmed: ${failure}`, { cause })
    this.failure = failure
  }
}

export interface Mailer {
  /** @throws MailError */
  send(mail: InviteMail): Promise<void>
  verify(): Promise<void>
  close(): void
}

export interface MailerOptions {
  /** `smtp://user:password@host:port` */
  readonly url: string
  readonly from: string
  /** Connections kept open to the mail server. */
  readonly connections: number
}

export function createMailer({ url, from, connections }: MailerOptions): Mailer {
  const transport = nodemailer.createTransport({
    url,
    pool: true,
    maxConnections: connections,
    maxMessages: Number.POSITIVE_INFINITY,
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 15_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send(mail) {
      try {
        await transport.sendMail({ from, ...compose(mail) })
      } catch (error) {
        throw new MailError(classifyFailure(error), error)
      }
    },
    verify: async () => void (await transport.verify()),
    close: () => transport.close(),
  }
}

/** The Message-ID is the redemption's: a mail that is sent twice is one mail to the receiver. */
function compose({ redemptionId, email, teamName }: InviteMail) {
  return {
    to: email,
    subject: `Your invitation to ${teamName}`,
    messageId: `<${redemptionId}@redline.invalid>`,
    headers: { 'X-Redemption-Id': redemptionId },
    text: `Hello,\n\na seat in ${teamName} is yours.\n`,
  }
}

const BEFORE_THE_TEXT = ['CONN', 'EHLO', 'HELO', 'LHLO', 'STARTTLS', 'AUTH', 'MAIL FROM', 'RCPT TO']

/** By nodemailer's `command` (where in the dialogue it failed) and `responseCode` (what the server said, if it did). */
export function classifyFailure(error: unknown): MailFailure {
  const { command = '', responseCode } = error as { command?: string; responseCode?: number }
  const aboutThisMail = ['MAIL FROM', 'RCPT TO', 'DATA'].includes(command)
  if (responseCode !== undefined) return responseCode >= 500 && aboutThisMail ? 'rejected' : 'not_sent'
  const beforeTheText = BEFORE_THE_TEXT.some((step) => command.startsWith(step))
  return beforeTheText ? 'not_sent' : 'unknown'
}
