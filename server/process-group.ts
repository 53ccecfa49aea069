import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ProcessInfo, ReadyMessage } from './lifecycle.ts'

/** Before a process that died is replaced, so that one that cannot start does not keep the machine busy. */
const PAUSE_MS = 500

export interface ProcessGroupOptions {
  readonly size: number
  readonly logger: Logger
  /** Starts one of them, with a channel to this process. @param index 0 to size − 1; a replacement gets the same one */
  readonly fork: (index: number) => ChildProcess
}

export interface ProcessGroup {
  /** Of the public port that they share, if any. */
  readonly url: string | null
  /** As they were at the start. */
  readonly processes: readonly ProcessInfo[]
  close(): Promise<void>
}

/** What a process of a group tells its parent. */
type ChildMessage = ReadyMessage | { readonly type: 'worn' }

/**
 * Starts processes of one kind. One that dies is replaced as long as the group runs, and whoever started the group is
 * told; one that said that it is worn ended well, and is replaced at once.
 * @throws when one of them cannot start
 */
export async function startProcessGroup({ size, logger, fork }: ProcessGroupOptions): Promise<ProcessGroup> {
  let closing = false
  const running = new Set<ChildProcess>()

  function start(index: number): Promise<ReadyMessage> {
    const child = fork(index)
    let worn = false
    running.add(child)
    child.once('exit', (code, signal) => {
      running.delete(child)
      if (!closing) void replace(index, { pid: child.pid, code, signal, worn })
    })
    return new Promise((resolve, reject) => {
      child.on('error', reject)
      child.once('exit', (code) => reject(new Error(`A process ended with code ${code} before it was ready`)))
      child.on('message', (message: ChildMessage) => {
        if (message.type === 'ready') resolve(message)
        if (message.type === 'worn') worn = true
      })
    })
  }

  async function replace(index: number, { worn, ...death }: Death): Promise<void> {
    if (worn) logger.info(death, 'a process is worn; starting another one')
    else {
      logger.error(death, 'a process died; starting another one')
      process.send?.({ type: 'died', pid: death.pid })
      await sleep(PAUSE_MS)
    }
    if (!closing) await start(index).catch((error: unknown) => logger.fatal({ err: error }, 'no replacement started'))
  }

  const started = await Promise.all(Array.from({ length: size }, (_, index) => start(index)))
  return {
    url: started[0]?.url ?? null,
    processes: started.flatMap(({ processes }) => processes),
    async close() {
      closing = true
      await Promise.all([...running].map(stop))
    },
  }
}

interface Death {
  readonly pid: number | undefined
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly worn: boolean
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
