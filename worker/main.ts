import { fork } from 'node:child_process'
import { startProcessGroup } from '../server/process-group.ts'
import { type WorkerConfig, workerConfig } from './config.ts'
import { runCommand } from './inspect-main.ts'
import { runProcess } from './run-process.ts'
import { startWorker } from './start-worker.ts'

const forkWorker = (index: number) =>
  fork(process.argv[1] ?? '', { env: { ...process.env, WORKER_INDEX: String(index) } })

/** Several processes have a parent, and so has one that is to be replaced. */
const isParent = (config: WorkerConfig) =>
  config.WORKER_INDEX === undefined && (config.WORKER_PROCESSES > 1 || config.MAX_JOBS_PER_PROCESS > 0)

const args = process.argv.slice(2)
if (args.length > 0) runCommand(args)
else
  runProcess('worker', workerConfig, (config, logger, onWorn) =>
    isParent(config)
      ? startProcessGroup({ size: config.WORKER_PROCESSES, logger, fork: forkWorker })
      : startWorker(config, logger, onWorn),
  )
