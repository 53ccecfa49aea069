import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below what Linux (32,768) and macOS (49,152) give to outgoing connections and to whoever asks for any port: between
 * finding a port and using it, no load that runs meanwhile takes it.
 */
const PORTS = { from: 20_000, below: 32_768 } as const
const MAX_TRIES = 50

/** A port that nobody else gets until it is released for whoever it was meant for. */
export interface ReservedPort {
  readonly port: number
  release(): Promise<void>
}

/** A port of 127.0.0.1 that nobody used a moment ago. @throws the system's own error when none can be had */
export async function findFreePort(): Promise<number> {
  const { port, release } = await reservePort()
  await release()
  return port
}

/** For what is told its port long before it starts. @throws the system's own error when none can be had */
export async function reservePort(): Promise<ReservedPort> {
  for (let attempt = 1; ; attempt++) {
    const port = randomInt(PORTS.from, PORTS.below)
    try {
      return { port, release: await holdPort(port) }
    } catch (error) {
      if (attempt === MAX_TRIES) throw error
    }
  }
}

async function holdPort(port: number): Promise<() => Promise<void>> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
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
