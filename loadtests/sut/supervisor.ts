import { z } from 'zod'
import { UnreachableError } from '../errors.ts'
import { PROCESS_KINDS } from '../run-file.ts'
import { type Child, startChild } from './child.ts'
import { compileProgram } from './compile-program.ts'
import type { RunDirectory } from './run-directory.ts'

/** What a program of this project says over its IPC channel once it can do its work; more fields may stand beside. */
export const readyMessageSchema = z.looseObject({
  type: z.literal('ready'),
  url: z.string().nullable(),
  processes: z.array(
    z.object({
      kind: z.enum(PROCESS_KINDS),
      pid: z.number().int().positive(),
      ops_url: z.string().nullable(),
    }),
  ),
})
export type ReadyMessage = z.infer<typeof readyMessageSchema>

export interface SupervisedProcess extends Child {
  readonly ready: ReadyMessage
  send(message: object): void
  /** Calls the listener with every message after `ready`. Returns what takes it off again. */
  onMessage(listener: (message: unknown) => void): () => void
}

export interface SupervisedOptions {
  name: string
  /** A TypeScript file of this project. */
  entry: URL
  args?: readonly string[]
  /** Of Node itself. */
  nodeFlags?: readonly string[] | undefined
  env: Record<string, string>
  directory: RunDirectory
  readyTimeoutMs?: number
  signal?: AbortSignal
}

/**
 * Starts a program of this project and waits until it says that it is ready. Throws UnreachableError with its last lines
 * when it ends before or takes too long, and the signal's reason when that is aborted; it is stopped in either case.
 * When the harness is killed, the closing channel tells the program to end.
 */
export async function startSupervised(options: SupervisedOptions): Promise<SupervisedProcess> {
  options.signal?.throwIfAborted()
  const child = await startChild({
    name: options.name,
    command: process.execPath,
    args: [...(options.nodeFlags ?? []), ...(await compileProgram(options.entry)), ...(options.args ?? [])],
    directory: options.directory,
    env: { ...inheritEnvironment(), ...options.env },
    withChannel: true,
  })
  try {
    const ready = await awaitReadyMessage(child, options.readyTimeoutMs ?? 30_000, options.signal)
    return {
      ...child,
      ready,
      send: (message) => send(child, message),
      onMessage: (listener) => listen(child, listener),
    }
  } catch (error) {
    await child.stop(2_000)
    throw error
  }
}

/** What a program needs of our environment to run at all; its settings are given to it one by one. */
function inheritEnvironment(): Record<string, string> {
  return pickEnvironment(['PATH', 'HOME', 'TMPDIR', 'TMP', 'TEMP', 'LANG', 'TZ', 'NODE_OPTIONS', 'SystemRoot'])
}

/** Those of these variables that are set here. */
export function pickEnvironment(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

async function awaitReadyMessage(child: Child, timeoutMs: number, signal?: AbortSignal): Promise<ReadyMessage> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const end = signal ? AbortSignal.any([deadline, signal]) : deadline
  return new Promise((resolve, reject) => {
    const fail = (what: string) => reject(new UnreachableError(`${child.name} ${what}:\n${child.readLastLines()}`))
    const remove = listen(child, (message) => {
      const ready = readyMessageSchema.safeParse(message)
      if (!ready.success) return
      remove()
      resolve(ready.data)
    })
    const onEnd = () => (deadline.aborted ? fail(`was not ready within ${timeoutMs} ms`) : reject(signal?.reason))
    if (end.aborted) onEnd()
    end.addEventListener('abort', onEnd, { once: true })
    void child.died.then(({ code, signal: by }) => {
      end.removeEventListener('abort', onEnd)
      fail(`ended at its start (${by ?? `exit code ${code}`})`)
    })
  })
}

function send(child: Child, message: object): void {
  // A message to a process that just ended is lost, which `died` tells anyway.
  if (child.process.connected) child.process.send(message, () => undefined)
}

function listen(child: Child, listener: (message: unknown) => void): () => void {
  child.process.on('message', listener)
  return () => child.process.off('message', listener)
}
