import { workerConfig } from './config.ts'
import { runProcess } from './run-process.ts'
import { startWorker } from './start-worker.ts'

runProcess('worker', workerConfig, startWorker)
