import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ReadyMessage } from '../lifecycle.ts'

/** A server instance as it is run: a process of its own. */
export interface ForkedServer {
  readonly url: string
  readonly pid: number
  close(): Promise<void>
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

/** @throws when it ends before it is ready */
export async function forkServer(environment: Record<string, string>): Promise<ForkedServer> {
  const child = fork(MAIN, {
    execArgv: ['--import', 'tsx'],
    env: { ...environment, PATH: '/usr/bin:/bin' },
    silent: true,
  })
  let said = ''
  const listen = (chunk: Buffer) => {
    said += chunk.toString()
  }
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', listen)
  const exited = once(child, 'exit')
  const ready = once(child, 'message') as Promise<[ReadyMessage]>
  const early = exited.then(([code]) => Promise.reject(new Error(`The server ended with code ${code}:\n${said}`)))
  const [message] = await Promise.race([ready, early])
  early.catch(() => {})
  return {
    url: message.url ?? '',
    pid: child.pid ?? 0,
    async close() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
