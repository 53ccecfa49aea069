import type { Server } from 'node:http'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ListenOptions {
  readonly port: number
  readonly host: string
  /** Never shares the port with other processes of a cluster. */
  readonly exclusive?: boolean
}

/** @returns the server and its URL once it listens. @throws when the port is taken, naming it */
export async function listen(
  handler: RequestListener,
  { port, host, exclusive = false }: ListenOptions,
): Promise<{ server: Server; url: string }> {
  const server = createServer(handler)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken: choose another one, or 0 for any free one' : error.message
      reject(new Error(`Port ${port} on ${host} ${why}`, { cause: error }))
    })
    server.listen({ port, host, exclusive }, resolve)
  })
  const address = server.address() as AddressInfo
  return { server, url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}` }
}

/** Longest wait for answers that are under way when a server closes. */
const PATIENCE_MS = 7_000
const CLOSE_IDLE_MS = 50

/** Lets answers that are under way finish, ends idle connections at once and busy ones with their next answer. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // An answer that was on its way leaves a connection behind that is idle only now.
    const again = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS)
    const force = setTimeout(() => server.closeAllConnections(), PATIENCE_MS)
    server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
    server.close(() => {
      clearInterval(again)
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}
