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

/** Lets answers that are under way finish, ends idle connections at once. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}
