import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  readonly to: string
  readonly messageId: string
  readonly redemptionId: string
}

/** What the next mails meet; `undefined` is accepted. */
export interface SmtpBehaviour {
  /** Called when a recipient is named, before it is answered. */
  beforeRecipient?(): unknown
  /** Asked for each recipient: the reply that refuses it, such as 550. */
  refuseRecipient?(address: string): number | undefined
  /** Called when the whole text is there, before it is confirmed. */
  onReceived?(mail: ReceivedMail): unknown
}

/** A real mail server that keeps what it got, for tests. */
export interface SmtpSink {
  readonly url: string
  readonly mails: readonly ReceivedMail[]
  behave(behaviour: SmtpBehaviour): void
  close(): Promise<void>
}

export async function startSmtpSink(): Promise<SmtpSink> {
  const mails: ReceivedMail[] = []
  let behaviour: SmtpBehaviour = {}
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    async onRcptTo({ address }, _session, done) {
      await behaviour.beforeRecipient?.()
      const code = behaviour.refuseRecipient?.(address)
      done(code === undefined ? null : Object.assign(new Error(`<${address}> is refused`), { responseCode: code }))
    },
    async onData(stream, session, done) {
      const headers = await text(stream)
      const header = (name: string) => new RegExp(`^${name}: (.+)$`, 'im').exec(headers)?.[1]?.trim() ?? ''
      const mail = {
        to: session.envelope.rcptTo[0]?.address ?? '',
        messageId: header('Message-ID'),
        redemptionId: header('X-Redemption-Id'),
      }
      mails.push(mail)
      await behaviour.onReceived?.(mail)
      done()
    },
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    mails,
    behave: (next) => {
      behaviour = next
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
