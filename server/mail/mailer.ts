import nodemailer, { type SendMailOptions } from 'nodemailer'

/** A mail takes no longer, its wait for a connection included; shorter than any claim's lease. */
const SEND_TIMEOUT_MS = 25_000

export interface InviteMail {
  readonly redemptionId: string
  /** Of a move to another team, which this mail tells about. */
  readonly rebindId?: string
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
  /**
   * @param signal gives the mail up: as `unknown` when its text is on the way
   * @throws MailError
   */
  send(mail: InviteMail, signal?: AbortSignal): Promise<void>
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

/** Is told when the mail server asks for the text, after all addresses: from then on the mail may be out. */
interface WatchedMail extends SendMailOptions {
  onText(): void
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
  transport.use('stream', ({ data, message }, done) => {
    const createReadStream = message.createReadStream.bind(message)
    message.createReadStream = (options) => createReadStream(options).once('resume', (data as WatchedMail).onText)
    done()
  })

  async function send(mail: InviteMail, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw new MailError('not_sent', signal.reason)
    let textWasRead = false
    const onText = () => {
      textWasRead = true
    }
    const timer = new AbortController()
    const giveUp = () => timer.abort()
    const timeout = setTimeout(giveUp, SEND_TIMEOUT_MS)
    signal?.addEventListener('abort', giveUp)
    const watched: WatchedMail = { from, ...compose(mail), signal: timer.signal, onText }
    try {
      await transport.sendMail(watched)
    } catch (error) {
      throw new MailError(classifyFailure(error, textWasRead), error)
    } finally {
      clearTimeout(timeout)
      signal?.removeEventListener('abort', giveUp)
    }
  }

  return {
    send,
    verify: async () => void (await transport.verify()),
    close: () => transport.close(),
  }
}

/** The Message-ID is the redemption's or the move's: a mail that is sent twice is one mail to the receiver. */
function compose({ redemptionId, rebindId, email, teamName }: InviteMail) {
  const isMove = rebindId !== undefined
  return {
    to: email,
    subject: isMove ? `You have moved to ${teamName}` : `Your invitation to ${teamName}`,
    messageId: `<${rebindId ?? redemptionId}@redline.invalid>`,
    headers: { 'X-Redemption-Id': redemptionId, ...(isMove && { 'X-Rebind-Id': rebindId }) },
    text: `Hello,\n\na seat in ${teamName} is yours${isMove ? ' from now on; your old one is free again' : ''}.\n`,
  }
}

/**
 * By nodemailer's `command` and `responseCode` (what the server answered, if it did). A connection that broke says
 * `CONN` wherever it broke, so what counts then is whether the text was on its way.
 */
function classifyFailure(error: unknown, textWasRead: boolean): MailFailure {
  if (isAboutThisMail(error)) return error.responseCode >= 500 ? 'rejected' : 'not_sent'
  return textWasRead ? 'unknown' : 'not_sent'
}

/** Whether the mail server answered, and what it refused is the receiver or the text. */
export function isAboutThisMail(error: unknown): error is { responseCode: number } {
  const { command = '', responseCode } = error as { command?: string; responseCode?: number }
  return responseCode !== undefined && (command === 'RCPT TO' || command === 'DATA')
}
