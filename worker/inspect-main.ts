import { commonEnvironment } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { exitWith } from '../server/lifecycle.ts'
import { createMetrics } from '../server/metrics/metrics.ts'
import { inspectQueue, QUEUE_NAMES, type QueueReport } from '../server/queue/inspect-queues.ts'
import { connectRedis, untilReady } from '../server/redis/connect.ts'
import { createKeys } from '../server/redis/keys.ts'
import { listProcesses, type RegisteredProcess } from '../server/redis/process-registry.ts'

const USAGE = `Usage: npm run worker                        works on invite jobs until it is stopped
       npm run worker -- inspect [--json]    tells who works, on what, and what is registered
`
const REACH_MS = 5_000

export interface Inspection {
  readonly workers: readonly RegisteredProcess[]
  readonly queues: readonly QueueReport[]
}

/** What `npm run worker -- …` does beside working. */
export function runCommand(args: readonly string[]): void {
  const [command, ...options] = args
  if (args.includes('--help')) return void process.stdout.write(USAGE)
  if (command !== 'inspect' || options.some((option) => option !== '--json')) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  inspect()
    .then((inspection) => {
      const text = options.includes('--json') ? JSON.stringify(inspection) : render(inspection)
      process.stdout.write(`${text}\n`)
    })
    .catch((error: unknown) => exitWith('worker', error))
}

async function inspect(): Promise<Inspection> {
  const config = parseEnvironment(commonEnvironment, process.env)
  const connection = {
    url: config.REDIS_URL,
    cause: 'background',
    metrics: createMetrics(),
    onError: () => {},
  } as const
  const redis = connectRedis(connection)
  try {
    await untilReady(redis, REACH_MS)
    const keys = createKeys(config.REDIS_KEY_PREFIX, config.LEDGER_SHARDS)
    const processes = await listProcesses({ redis, keys })
    return {
      workers: processes.filter(({ kind }) => kind === 'worker'),
      queues: await Promise.all(QUEUE_NAMES.map((name) => inspectQueue(redis, keys, name))),
    }
  } finally {
    redis.disconnect()
  }
}

function render({ workers, queues }: Inspection): string {
  const alive = workers.map(
    ({ host, pid, concurrency, started_at, version, ops_url }) =>
      `  ${host}:${pid}  ${concurrency} jobs at a time, since ${started_at}, version ${version}, ${ops_url}`,
  )
  const head = workers.length === 0 ? 'No worker is alive: no invite goes out.' : `Workers alive: ${workers.length}`
  return [head, ...alive, ...queues.flatMap(renderQueue)].join('\n')
}

function renderQueue({ name, paused, counts, active, repeatable }: QueueReport): string[] {
  const numbers = Object.entries(counts).map(([state, count]) => `${count} ${state}`)
  return [
    `Queue ${name}${paused ? ' (paused)' : ''}: ${numbers.join(', ')}`,
    ...active.map((job) => `  active ${[job.name, job.id].filter(Boolean).join(' ')}  since ${job.started_at ?? '?'}`),
    ...repeatable.map((job) => `  repeats ${job.name}  ${job.schedule}, next ${job.next_at}`),
  ]
}
