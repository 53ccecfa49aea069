import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

// A thread of Node 20 does not inherit the loader that `--import tsx` gives to a process.
register()
await import(workerData.entry)
