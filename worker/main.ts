import { workerConfig } from './config.ts'
import { runCommand } from './inspect-main.ts'
import { runProcess } from './run-process.ts'
import { startWorker } from './start-worker.ts'

const args = process.argv.slice(2)
if (args.length === 0) runProcess('worker', workerConfig, startWorker)
else runCommand(args)
