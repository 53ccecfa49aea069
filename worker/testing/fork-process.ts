import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { ReadyMessage } from '../../server/lifecycle.ts'

const ENTRIES = {
  server: new URL('../../server/main.ts', import.meta.url),
  worker: new URL('../main.ts', import.meta.url),
  scheduler: new URL('../scheduler.ts', import.meta.url),
} as const

export interface ForkedProcess {
  readonly ready: ReadyMessage
  /** All that it wrote so far, to stdout and stderr. */
  readonly written: () => string
  close(): Promise<void>
}

/** A process of the system as it is run; it ends with the test. @throws when it ends before it is ready */
export async function forkProcess(
  kind: keyof typeof ENTRIES,
  environment: Record<string, string>,
): Promise<ForkedProcess> {
  const child = fork(fileURLToPath(ENTRIES[kind]), {
    execArgv: ['--import', 'tsx'],
    env: { ...environment, PATH: '/usr/bin:/bin' },
    silent: true,
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      written += chunk.toString()
    })
  const exited = once(child, 'exit')
  const close = async () => {
    child.kill('SIGTERM')
    await exited
  }
  onTestFinished(close)
  const early = exited.then(([code]) => Promise.reject(new Error(`The ${kind} ended with code ${code}:\n${written}`)))
  early.catch(() => {})
  const [ready] = await Promise.race([once(child, 'message') as Promise<[ReadyMessage]>, early])
  return { ready, written: () => written, close }
}
