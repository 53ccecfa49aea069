import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below what Linux (32,768) and macOS (49,152) give to outgoing connections and to whoever asks for any port: between
 * finding a port and using it, no load that runs meanwhile takes it.
 */
const PORTS = { from: 20_000, below: 32_768 } as const
const MAX_TRIES = 50

/** A port of 127.0.0.1 that nobody used a moment ago. @throws the system's own error when none can be had */
export async function findFreePort(): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(PORTS.from, PORTS.below)
    try {
      await listenOnce(port)
      return port
    } catch (error) {
      if (attempt === MAX_TRIES) throw error
    }
  }
}

async function listenOnce(port: number): Promise<void> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

/**
 * Starts something that must be told its port. Between finding a port and using it somebody else may take it, so that a
 * failed start is tried again on another one; a port that was asked for is tried once.
 */
export async function startOnFreePort<T>(wanted: number | undefined, start: (port: number) => Promise<T>): Promise<T> {
  if (wanted !== undefined) return start(wanted)
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await findFreePort())
    } catch (error) {
      const isTaken = error instanceof Error && /address already in use|EADDRINUSE/i.test(error.message)
      if (!isTaken || attempt === 3) throw error
    }
  }
}
