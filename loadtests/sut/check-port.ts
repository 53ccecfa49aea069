import { once } from 'node:events'
import { createServer } from 'node:net'
import { UnreachableError } from '../errors.ts'

/** Says before anything is started that a port cannot be had; 0 always can. @throws UnreachableError */
export async function checkPort(port: number, host = '127.0.0.1'): Promise<void> {
  if (port === 0) return
  const server = createServer()
  try {
    server.listen({ port, host, exclusive: true })
    await once(server, 'listening')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${message})`
    throw new UnreachableError(`Port ${port} on ${host} ${why}: choose another one with --port, 0 for any free one.`, {
      cause,
    })
  }
  server.close()
  await once(server, 'close')
}
