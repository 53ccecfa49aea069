import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import { ANY_PORT, type ListenAddress } from './listen-address.ts'
import type { MailStore } from './mail-store.ts'

/** The SMTP side of the sink: takes every mail without asking who sends it, as cheaply as can be. */
export async function listenForMails(
  store: MailStore,
  { host, port }: ListenAddress = ANY_PORT,
): Promise<{ url: string; close(): void }> {
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      takeMail(server, store, stream, session).then(callback, callback)
    },
  })
  // A sender that is killed resets its connection; that is its matter.
  server.on('error', () => undefined)
  const { server: tcp } = server
  tcp.on('connection', (socket: Socket) => socket.setNoDelay(true))
  server.listen(port, host)
  await once(tcp, 'listening')
  return { url: `smtp://${host}:${(tcp.address() as AddressInfo).port}`, close: () => server.close() }
}

async function takeMail(
  server: SMTPServer,
  store: MailStore,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<Error | null> {
  const raw = await readAll(stream)
  const mode = store.takeBehaviour()
  if (mode === 'reject-permanent') return smtpError(550, 'Mailbox unavailable')
  if (mode === 'reject-transient') return smtpError(451, 'Try again later')
  store.add(raw, session.envelope.rcptTo.map((recipient) => recipient.address).join(', '))
  if (mode === 'drop-after-data') cutConnection(server, session.id)
  return null
}

async function readAll(stream: SMTPServerDataStream): Promise<string> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks).toString('utf8')
}

function smtpError(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

/** smtp-server has no public way to hang up, so that this reaches for the connection's own socket. */
function cutConnection(server: SMTPServer, sessionId: string): void {
  for (const connection of server.connections) {
    if (connection.session.id === sessionId) connection._socket.destroy()
  }
}
