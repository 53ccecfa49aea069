import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import {
  type InvariantResult,
  type Load,
  RUN_SCHEMA,
  type Run,
  type Subject,
  type Trial,
  type Work,
} from '../run-file.ts'
import { type ExampleMode, exampleSamples } from './example-samples.ts'
import { createRandom, type Random } from './random.ts'

/**
 * Test data: an invented but plausible run of all modes, the same for the same seed. No figure in it was measured.
 */
const MODES: Record<Exclude<Subject, 'target'>, ExampleMode> = {
  none: mode(980, 0.55, 620, 48, 10, 38, 0, [0, 0, 4], [0.5, 0.75, 0.01]),
  'in-process': mode(1240, 0.6, 610, 38, 10, 0, 40, [0, 0, 4], [0.55, 0.7, 0.01]),
  'redis-semaphore': mode(890, 0.58, 600, 54, 10, 0, 40, [2, 2, 4], [0.7, 0.6, 0.12]),
  'token-bucket': mode(3350, 0.48, 540, 14, 10, 0, 0, [1, 7, 0], [0.95, 0.03, 0.22]),
  ceiling: mode(4900, 1, 0, 9.6, 0, 0, 0, [0, 0, 0], [0.98, 0, 0]),
}

const INVARIANTS: readonly (readonly [number, string])[] = [
  [1, 'sent and in flight never exceed the uses of a code'],
  [2, 'every 202 ends as sent or refunded'],
  [3, 'a clear rejection leaves no active row'],
  [4, 'used_count = redemptions in the ledger = bucket'],
  [5, 'one active redemption per code and email'],
  [6, 'seats taken = sent, no seat twice'],
  [7, 'at most one refund, never sent and refunded'],
  [8, 'a mail per redemption, none without'],
  [10, 'no orphans'],
  [12, 'drained within 60 s'],
]

export interface ExampleOptions {
  rounds?: number
  seed?: number
  modes?: readonly Exclude<Subject, 'target'>[]
}

export function exampleRun(options: ExampleOptions = {}): Run {
  const { rounds = 5, seed = 7, modes = ['none', 'in-process', 'redis-semaphore', 'token-bucket', 'ceiling'] } = options
  const random = createRandom(seed)
  const trials = Array.from({ length: rounds }, (_, index) => {
    const speed = 0.75 + 0.5 * random()
    return modes.map((subject, place) => exampleTrial(subject, index + 1, place + 1, speed, random))
  }).flat()
  return {
    schema: RUN_SCHEMA,
    run_id: 'example-hot-code',
    command: 'bench',
    repeat_with: `npm run bench -- --scenario hot-code --rounds ${rounds} --seed ${seed}`,
    started_at: '2025-01-02T03:04:05.000Z',
    finished_at: '2025-01-02T03:10:05.000Z',
    status: 'complete',
    environment: EXAMPLE_ENVIRONMENT,
    plan: {
      scenario: 'hot-code',
      modes: [...modes],
      rounds,
      engine: 'autocannon',
      arrivals: null,
      connections: 50,
      duration: 10,
      people: null,
      paced: false,
      warm_up: 3,
      warm_up_people: 0,
      profile: { servers: 1, workers: 1, concurrency: 10, pool: 10, semaphore: 10, redis_connections: 1 },
      profile_name: 'default',
      seed,
      db_latency_ms: 0,
      redis_latency_ms: 0,
      width: null,
      max_rounds: null,
    },
    calibration: null,
    stopped_because: 'all rounds were done',
    harness_peak_rss_bytes: 212_000_000,
    trials,
  }
}

/** An encoded histogram of the given latencies, in milliseconds. */
export function exampleHistogram(milliseconds: readonly number[]): string {
  const histogram = build({ numberOfSignificantValueDigits: 3 })
  for (const value of milliseconds) histogram.recordValue(Math.max(1, Math.round(value * 1000)))
  return encodeIntoCompressedBase64(histogram)
}

function exampleTrial(
  subject: Exclude<Subject, 'target'>,
  round: number,
  position: number,
  speed: number,
  random: Random,
): Trial {
  const example = MODES[subject]
  const drains = subject !== 'ceiling'
  const paused = exampleLoad('paused', example, example.rate * speed * (0.95 + 0.1 * random()), random)
  const running = exampleLoad('running', example, example.rate * speed * example.drainedShare, random)
  return {
    round,
    position,
    scenario: 'hot-code',
    mode: subject,
    profile: 'default',
    started_at: '2025-01-02T03:04:05.000Z',
    seconds: 30,
    status: 'ok',
    failure: null,
    trials_before: 0,
    loads: drains ? [paused, running] : [paused],
    drain: drains ? { redemptions: paused.accepted, seconds: paused.accepted / (example.drainRate * speed) } : null,
    burst: drains ? { requests: 200, uses: 10, accepted: 10, refused: 190, errors: 0 } : null,
    end_to_end_histogram: drains ? exampleHistogram(skewed(900 / speed, random)) : null,
    work: drains ? exampleWork(example, paused.accepted, speed) : null,
    invariants: drains ? exampleInvariants(paused.accepted + running.accepted) : [],
    steal: 0.012,
    cpu_pressure: 0.61,
    samples: exampleSamples(subject, example, speed, random),
  }
}

function exampleLoad(name: Load['name'], example: ExampleMode, rate: number, random: Random): Load {
  const accepted = Math.round(rate * 10)
  const median = (example.p50 * example.rate) / rate
  return {
    name,
    seconds: 10,
    accepted,
    served: 0,
    refused: 0,
    errors: 0,
    by_status: { '202': accepted },
    histogram: exampleHistogram(skewed(median, random)),
    steps: {},
    cpu_ms: { ...example.cpu, generator: 3500 },
    memory_bytes: {},
    wire_bytes: null,
    schedule: null,
    steady: null,
    clock_step_ms: 0,
  }
}

/** A log-normal crowd with a slow one in a hundred. */
function skewed(median: number, random: Random): number[] {
  return Array.from({ length: 3000 }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return median * Math.exp(0.35 * normal) * (random() < 0.01 ? 4 : 1)
  })
}

function exampleWork({ accept, cpu }: ExampleMode, redemptions: number, speed: number): Work {
  const times = (count: number) => Math.round(count * redemptions)
  const perSecond = (10_000 * 1) / speed
  const bucket = accept.sql === 0
  return {
    redemptions,
    redis_round_trips: { request: times(accept.redisTrips), ledger: times(bucket ? 0.09 : 0.05), job: times(3.2) },
    redis_commands: { request: times(accept.redisCommands), ledger: times(bucket ? 2.2 : 1.1), job: times(9.6) },
    sql_statements: { request: times(accept.sql), ledger: times(bucket ? 0.12 : 0.04), job: times(2.1) },
    background_per_second: { redis_commands: 6, sql_statements: 2 },
    wal_bytes: times(2100),
    wal_full_page_bytes: times(180),
    accept_cpu_ms: {
      server: cpu.server * perSecond,
      postgres: cpu.postgres * perSecond,
      redis: cpu.redis * perSecond,
      generator: 3500,
    },
    drain_cpu_ms: {
      server: redemptions * 0.01,
      worker: redemptions * 0.42,
      scheduler: redemptions * 0.11,
      postgres: redemptions * 0.31,
      redis: redemptions * 0.09,
      mail_sink: redemptions * 0.12,
    },
  }
}

function exampleInvariants(ids: number): InvariantResult[] {
  return INVARIANTS.map(([number, title]) => ({ number, title, examined: number === 12 ? 1 : ids, broken: [] }))
}

function mode(
  rate: number,
  drainedShare: number,
  drainRate: number,
  p50: number,
  pool: number,
  waiting: number,
  limiter: number,
  [redisTrips, redisCommands, sql]: [number, number, number],
  [server, postgres, redis]: [number, number, number],
): ExampleMode {
  const accept = { redisTrips, redisCommands, sql }
  return { rate, drainedShare, drainRate, p50, pool, waiting, limiter, accept, cpu: { server, postgres, redis } }
}

const EXAMPLE_ENVIRONMENT: Run['environment'] = {
  cpu: 'Example CPU @ 2.50GHz',
  cores: 2,
  memory_bytes: 8 * 2 ** 30,
  kernel: '6.1.0-example',
  os: 'Example Linux 12',
  node: 'v20.20.2',
  postgres: '18.0',
  redis: '7.0.15',
  git_commit: '0123456789abcdef0123456789abcdef01234567',
  packages: { express: '5.3.0', ioredis: '5.11.1', bull: '4.16.5', sequelize: '6.37.8', autocannon: '9.0.0' },
  postgres_settings: { max_connections: '100', synchronous_commit: 'on', fsync: 'on' },
  redis_settings: { appendonly: 'yes', appendfsync: 'everysec', 'maxmemory-policy': 'noeviction' },
  notes: ['limit per client address off', 'limit on failed tries off'],
}
