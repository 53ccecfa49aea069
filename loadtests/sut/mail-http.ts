import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ANY_PORT, type ListenAddress } from './listen-address.ts'
import { mailBehaviourSchema } from './mail-messages.ts'
import { renderMailPage } from './mail-page.ts'
import type { MailStore } from './mail-store.ts'

const MAX_BODY_BYTES = 10_000

/** The side of the sink that people and the harness read: what arrived, and the switches for faults. */
export async function serveMails(
  store: MailStore,
  { host, port }: ListenAddress = ANY_PORT,
): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    answer(store, request, response).catch(() =>
      reply(response, 400, 'text/plain', 'This request was not understood.\n'),
    )
  })
  server.listen(port, host)
  await once(server, 'listening')
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://${host}:${(server.address() as AddressInfo).port}`, close }
}

async function answer(store: MailStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://sink')
  const index = /^\/mails\/(\d+)$/.exec(url.pathname)?.[1]
  const route = `${request.method} ${index === undefined ? url.pathname : '/mails/:index'}`
  switch (route) {
    case 'GET /':
      return reply(response, 200, 'text/html; charset=utf-8', renderMailPage(store))
    case 'GET /mails':
      return replyJson(response, 200, store.list(readNumber(url, 'since', 0), readNumber(url, 'limit', Infinity)))
    case 'GET /mails/count':
      return replyJson(response, 200, describeStore(store))
    case 'GET /mails/:index':
      return replyRaw(response, store.readRaw(Number(index)))
    case 'DELETE /mails':
      store.clear()
      return replyJson(response, 200, describeStore(store))
    case 'PUT /behaviour':
      store.behaviour = mailBehaviourSchema.parse(JSON.parse(await readBody(request)))
      return replyJson(response, 200, store.behaviour)
    default:
      return reply(response, 404, 'text/plain', 'There is no such page.\n')
  }
}

function describeStore({ count, sinceMs }: MailStore): { count: number; since_ms: number } {
  return { count, since_ms: sinceMs }
}

/** A parameter that is not a number counts as missing. */
function readNumber(url: URL, name: string, otherwise: number): number {
  const value = Number(url.searchParams.get(name) ?? Number.NaN)
  return value >= 0 ? value : otherwise
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) {
    body += chunk
    if (body.length > MAX_BODY_BYTES) throw new RangeError(`the body is longer than ${MAX_BODY_BYTES} bytes`)
  }
  return body
}

function replyRaw(response: ServerResponse, raw: string | null): void {
  // As plain text: the sink must never run what a mail brings.
  const type = 'text/plain; charset=utf-8'
  if (raw === null) reply(response, 404, type, 'There is no such mail, or its text is no longer kept.\n')
  else reply(response, 200, type, raw)
}

function replyJson(response: ServerResponse, status: number, body: unknown): void {
  reply(response, status, 'application/json', JSON.stringify(body))
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body)
}
