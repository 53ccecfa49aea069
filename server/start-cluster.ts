import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ProcessInfo, ReadyMessage } from './lifecycle.ts'

/** Before a process that died is replaced, so that one that cannot start does not keep the machine busy. */
const PAUSE_MS = 500

export interface RunningCluster {
  readonly url: string
  readonly processes: readonly ProcessInfo[]
  close(): Promise<void>
}

/**
 * Starts server processes that share one port. A process that dies is replaced as long as the cluster runs.
 * @throws when one of them cannot start
 */
export async function startCluster(size: number, logger: Logger): Promise<RunningCluster> {
  let closing = false
  const started = await Promise.all(Array.from({ length: size }, (_, index) => startProcess(index)))
  const onExit = async (worker: Worker, code: number, signal: string) => {
    if (closing) return
    logger.error({ pid: worker.process.pid, code, signal }, 'a server process died; starting another one')
    process.send?.({ type: 'died', pid: worker.process.pid })
    await sleep(PAUSE_MS)
    if (closing) return
    startProcess(indexOf.get(worker.id) ?? 0).catch((error: unknown) =>
      logger.fatal({ err: error }, 'no replacement could be started'),
    )
  }
  cluster.on('exit', (worker, code, signal) => void onExit(worker, code, signal))
  return {
    url: started[0]?.url ?? '',
    processes: started.flatMap(({ processes }) => processes),
    async close() {
      closing = true
      const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
      await Promise.all(
        workers.map(async (worker) => {
          const exited = once(worker, 'exit')
          worker.process.kill('SIGTERM')
          await exited
        }),
      )
    },
  }
}

/** Worker id → index, so that a replacement gets the operations port of the process that it replaces. */
const indexOf = new Map<number, number>()

async function startProcess(index: number): Promise<ReadyMessage> {
  const worker = cluster.fork({ SERVER_INDEX: String(index) })
  indexOf.set(worker.id, index)
  return new Promise((resolve, reject) => {
    worker.once('exit', (code) => reject(new Error(`A server process ended with code ${code} before it was ready`)))
    worker.on('message', (message: ReadyMessage) => {
      if (message.type === 'ready') resolve(message)
    })
  })
}
