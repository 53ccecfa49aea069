import { schedulerConfig } from './config.ts'
import { runProcess } from './run-process.ts'
import { startScheduler } from './start-scheduler.ts'

runProcess('scheduler', schedulerConfig, startScheduler)
