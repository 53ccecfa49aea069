import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LyingProxy {
  readonly url: string
  close(): void
}

/** Stands between clients and a system that keeps to its rules, and gives other answers than it does. */
export async function startLyingProxy(
  systemUrl: string,
  change: (status: number, body: string) => [status: number, body: string],
): Promise<LyingProxy> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const headers = { 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: Buffer.concat(chunks).toString() }
    const answer = await fetch(`${systemUrl}${request.url}`, init)
    const [status, body] = change(answer.status, await answer.text())
    response.writeHead(status, headers).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
