import { z } from 'zod'
import { calibrationSchema } from './calibrate/calibration-file.ts'
import { arrivalsSchema } from './drivers/arrivals.ts'
import { ENGINES, scheduleSchema, steadySchema, wireSchema } from './drivers/driver.ts'

/**
 * The files of a run, `reports/<run-id>/run.json` and `summary.json`. Every stage reads and writes these, so that
 * each can be run again from disk. Keys are snake_case with their unit as suffix; histograms are HdrHistogram's
 * compressed base64 of microseconds, so that trials can be merged later.
 */
export const RUN_SCHEMA = 2
/** What was added since version 1 has defaults, so that its files still open. */
const schemaVersion = z.literal([1, RUN_SCHEMA])

export const LIMITER_MODES = ['none', 'in-process', 'redis-semaphore', 'token-bucket'] as const
export type LimiterMode = (typeof LIMITER_MODES)[number]

/** What a trial can load: a limiter mode of the reference server, a team's own target, or a bare route. */
export const SUBJECTS = [...LIMITER_MODES, 'target', 'ceiling'] as const
export type Subject = (typeof SUBJECTS)[number]

export const PROCESS_KINDS = [
  'server',
  'worker',
  'scheduler',
  'postgres',
  'redis',
  'mail_sink',
  'generator',
  'delay_proxy',
] as const
export type ProcessKind = (typeof PROCESS_KINDS)[number]

/** What each trial is held against before it counts (analysis/gates.ts). */
export const GATES = [
  'generator_cpu',
  'offered',
  'dropped',
  'schedule_lag',
  'no_op_ceiling',
  'steal',
  'cpu_pressure',
  'steady_state',
  'samples',
  'errors',
  'clock_step',
  'telemetry',
] as const
export type GateName = (typeof GATES)[number]

/** Who caused an operation: a person's request (server), the ledger (scheduler) or the invite job (worker). */
export const CAUSES = ['request', 'ledger', 'job'] as const
export type Cause = (typeof CAUSES)[number]

const count = z.number().int().nonnegative()
const amount = z.number().nonnegative()
const perKind = z.partialRecord(z.enum(PROCESS_KINDS), z.number())
const perCause = z.object({ request: amount, ledger: amount, job: amount })

/** One second of a trial; all series of a trial share this clock. */
export const sampleSchema = z.object({
  /** Seconds since the trial began. */
  t: z.number(),
  phase: z.enum(['warm-up', 'paused', 'drain', 'running', 'burst']),
  accepted: count,
  /** Answers below 300 that accept nothing new: repeats, statuses, places in a waiting room. */
  served: count.default(0),
  refused: count,
  errors: count,
  /** Latency of this second's answers in milliseconds; null when there were none. */
  p50_ms: z.number().nullable(),
  p99_ms: z.number().nullable(),
  pool: z
    .object({
      size: amount,
      in_use: amount,
      waiting: amount,
      wait_ms: amount,
      /** Of this second: connections given back, how long each was held in the mean, seconds of connections in use. */
      released: count.nullable().default(null),
      hold_ms: amount.nullable().default(null),
      busy_seconds: amount.nullable().default(null),
    })
    .nullable(),
  /** Of the server processes: mean lag and mean utilisation, 0…1. */
  event_loop: z.object({ lag_ms: amount, utilisation: amount }).nullable(),
  limiter_waiting: amount.nullable(),
  /** Connections to Postgres that waited for a lock, in the mean of some looks; null where nobody looked. */
  lock_waiting: amount.nullable().default(null),
  queue: z.object({ stream: amount, outbox: amount, jobs: amount }).nullable(),
  /** Cores used per kind of process (1 = one whole core); empty where /proc is missing. */
  cpu: perKind,
  /** Share of the machine's CPU time that the hypervisor took away, 0…1. */
  steal: z.number().nullable(),
  /** Queries of a team's own to their Prometheus, by name. */
  extra: z.record(z.string(), z.number().nullable()).default({}),
})
export type Sample = z.infer<typeof sampleSchema>

/** One measured load of a trial. `paused`: nothing drains meanwhile; `running`: scheduler and workers drain as they go. */
const loadSchema = z.object({
  name: z.enum(['paused', 'running']),
  seconds: amount,
  accepted: count,
  served: count.default(0),
  refused: count,
  errors: count,
  by_status: z.record(z.string(), count),
  /** Latencies of all answers (accepted, served and refused), compressed base64, microseconds. */
  histogram: z.string(),
  /** The same for each kind of request by itself, in scenarios that have several. */
  steps: z.record(z.string(), z.object({ answers: count, histogram: z.string() })).default({}),
  cpu_ms: perKind,
  /** When it ended; what processes share counts once where the kernel tells. */
  memory_bytes: perKind.default({}),
  /** Of all its requests and answers, headers included; null where the generator does not count. */
  wire_bytes: wireSchema.nullable().default(null),
  /** Of an open loop: whether it kept to its plan. */
  schedule: scheduleSchema.nullable().default(null),
  /** The part after its own warm-up, from which rates and latencies are taken; null where that was not looked for. */
  steady: steadySchema.nullable().default(null),
  /** The greatest step of the wall clock meanwhile. */
  clock_step_ms: amount.default(0),
})
export type Load = z.infer<typeof loadSchema>

const invariantResultSchema = z.object({
  number: z.number().int(),
  title: z.string(),
  /** How many ids were looked at; 0 means that nothing was shown. */
  examined: count,
  /** Offending ids (at most 20 are kept). */
  broken: z.array(z.string()),
})
export type InvariantResult = z.infer<typeof invariantResultSchema>

/** Counted work of the paused load and its drain, as totals. */
const workSchema = z.object({
  redemptions: count,
  redis_round_trips: perCause,
  redis_commands: perCause,
  sql_statements: perCause,
  /** What the idle system does by itself, already subtracted above. */
  background_per_second: z.object({ redis_commands: amount, sql_statements: amount }),
  /** Null where the server does not tell. */
  wal_bytes: amount.nullable(),
  /** Full-page images, part of wal_bytes; they depend on the checkpoint, not on the work. */
  wal_full_page_bytes: amount.nullable(),
  /** Without the stores that somebody else runs. */
  accept_cpu_ms: perKind,
  drain_cpu_ms: perKind,
})
export type Work = z.infer<typeof workSchema>

export const trialSchema = z.object({
  round: count,
  /** Place in the random order of its round, from 1. */
  position: count,
  scenario: z.string(),
  mode: z.enum(SUBJECTS),
  profile: z.string(),
  started_at: z.iso.datetime(),
  seconds: amount,
  /** `invalid`: it was carried out, but a gate (analysis/gates.ts) says that nothing can be concluded from it. */
  status: z.enum(['ok', 'failed', 'invalid']),
  failure: z.string().nullable(),
  /** Trials that loaded the same processes before, each on clean data; 0: they were started for this one. */
  trials_before: count.default(0),
  loads: z.array(loadSchema),
  drain: z.object({ redemptions: count, seconds: amount }).nullable(),
  burst: z.object({ requests: count, uses: count, accepted: count, refused: count, errors: count }).nullable(),
  /** 202 received → mail received, compressed base64, microseconds; of the running load. */
  end_to_end_histogram: z.string().nullable(),
  work: workSchema.nullable(),
  invariants: z.array(invariantResultSchema),
  steal: z.number().nullable(),
  /** Share of the trial in which some task waited for a CPU (/proc/pressure/cpu), 0…1. */
  cpu_pressure: z.number().nullable(),
  samples: z.array(sampleSchema),
})
export type Trial = z.infer<typeof trialSchema>

export const profileSchema = z.object({
  servers: count,
  workers: count,
  /** Invite jobs at a time in each worker. */
  concurrency: count,
  /** Postgres connections of each process. */
  pool: count,
  /** Places of the semaphore, in the modes that have one: of each process, or of all together. */
  semaphore: count.default(10),
  /** Connections to Redis of each server process that the limiter's commands are spread over. */
  redis_connections: count.default(1),
})
export type Profile = z.infer<typeof profileSchema>

const planSchema = z.object({
  scenario: z.string(),
  modes: z.array(z.enum(SUBJECTS)),
  rounds: count,
  engine: z.enum(ENGINES).default('autocannon'),
  /** When people come, of an open loop; null for a closed one. */
  arrivals: arrivalsSchema.nullable().default(null),
  /** Closed loop: at work all the time. Open loop: the most that there are. */
  connections: count,
  /** Seconds of each measured load; 0 when it ends after so many people. */
  duration: amount,
  people: count.nullable().default(null),
  /** The scenario's think times or release rate set the pace. */
  paced: z.boolean().default(false),
  warm_up: amount,
  /** Before the warm-up so many redeem as fast as they are answered, so that the code is compiled; 0 in older runs. */
  warm_up_people: count.default(0),
  profile: profileSchema,
  profile_name: z.string(),
  seed: z.number().int(),
  db_latency_ms: amount,
  redis_latency_ms: amount,
  /** The goal: rounds go on until the ratio of every two modes is known to ± this share; null = just the rounds. */
  width: z.number().positive().nullable().default(null),
  /** With a goal, not more rounds than these. */
  max_rounds: count.nullable().default(null),
})
export type Plan = z.infer<typeof planSchema>

export const environmentSchema = z.object({
  cpu: z.string(),
  cores: count,
  memory_bytes: count,
  kernel: z.string(),
  os: z.string(),
  node: z.string(),
  postgres: z.string(),
  redis: z.string(),
  git_commit: z.string().nullable(),
  packages: z.record(z.string(), z.string()),
  postgres_settings: z.record(z.string(), z.string()),
  redis_settings: z.record(z.string(), z.string()),
  /** Things switched off for the bench, in words, e.g. the limit per client address. */
  notes: z.array(z.string()),
})
export type Environment = z.infer<typeof environmentSchema>

export const STOP_REASONS = [
  'all rounds were done',
  'the intervals were narrow enough',
  'the limit of rounds was reached',
  'it was interrupted',
] as const
export type StopReason = (typeof STOP_REASONS)[number]

export const runSchema = z.object({
  schema: schemaVersion,
  run_id: z.string(),
  command: z.string(),
  /** The command line that repeats this run. */
  repeat_with: z.string(),
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  status: z.enum(['complete', 'interrupted', 'running']),
  environment: environmentSchema,
  plan: planSchema,
  /** Why there are not more rounds; null while it runs. */
  stopped_because: z.enum(STOP_REASONS).nullable().default(null),
  /** The last calibration of the meter before the run (npm run calibrate); null when there was none. */
  calibration: calibrationSchema.nullable().default(null),
  /** The harness's own greatest resident size. */
  harness_peak_rss_bytes: count,
  trials: z.array(trialSchema),
})
export type Run = z.infer<typeof runSchema>

/** Median over rounds with the bounds of its percentile-bootstrap interval over whole rounds (bootstrap.ts). */
const interval = z.object({ median: z.number(), low: z.number(), high: z.number() })
export type Interval = z.infer<typeof interval>

/** p999 is null where too few answers stand behind it. */
const latencies = z.object({ p50: amount, p95: amount, p99: amount, p999: amount.nullable(), max: amount })
export type Latencies = z.infer<typeof latencies>

const gateSchema = z.object({
  name: z.enum(GATES),
  /** `doubt` makes a result INCONCLUSIVE, `fail` makes a trial INVALID. */
  verdict: z.enum(['pass', 'doubt', 'fail', 'not known']),
  /** The worst value of all trials, in the gate's unit, and the bound that it is held against. */
  value: z.number().nullable(),
  limit: z.number(),
  /** Both in words. */
  told: z.string(),
})
export type Gate = z.infer<typeof gateSchema>

const resultSchema = z.object({
  scenario: z.string(),
  mode: z.enum(SUBJECTS),
  profile: z.string(),
  validity: z.enum(['VALID', 'INCONCLUSIVE', 'INVALID']),
  validity_reasons: z.array(z.string()),
  trials: count,
  failed_trials: count,
  /** Trials that a gate excluded; none of the figures below contains them. */
  invalid_trials: count.default(0),
  gates: z.array(gateSchema).default([]),
  /** With the drain paused, as the ceiling runs no drain either. */
  accepted_per_second: interval.nullable(),
  /** All answers, accepted, served or refused, with the drain paused. */
  answered_per_second: interval.nullable(),
  ratio_to_ceiling: interval.nullable(),
  /** Answers over the ceiling's answers: what compares modes where almost everybody is refused. */
  answered_ratio_to_ceiling: interval.nullable(),
  /** Of all answers of the loads whose drain is paused, with their warm-up: work per redemption × this is work per answer. */
  accepted_share: z.number().nullable(),
  latency_ms: latencies.nullable(),
  /** With the drain paused, for each kind of request by itself where there are several. */
  steps: z.array(z.object({ step: z.string(), answers: count, latency_ms: latencies })).default([]),
  error_ratio: z.number().nullable(),
  /** The same with scheduler and workers draining as the load runs. */
  with_drain: z
    .object({ accepted_per_second: interval, ratio_to_ceiling: interval.nullable(), latency_ms: latencies.nullable() })
    .nullable(),
  drained_per_second: interval.nullable(),
  end_to_end_ms: latencies.nullable(),
  work_per_redemption: z
    .object({
      redis_round_trips: perCause,
      redis_commands: perCause,
      sql_statements: perCause,
      wal_bytes: amount.nullable(),
      wal_full_page_bytes: amount.nullable(),
      /** Without the kinds whose CPU time is unknown. */
      cpu_ms: perKind,
      /** Null when a kind that takes part is unknown. */
      accept_cpu_ms: amount.nullable(),
      drain_cpu_ms: amount.nullable(),
    })
    .nullable(),
  invariants: z.array(invariantResultSchema),
})
export type Result = z.infer<typeof resultSchema>

const pairSchema = z.object({
  scenario: z.string(),
  profile: z.string(),
  first: z.enum(SUBJECTS),
  second: z.enum(SUBJECTS),
  figure: z.enum(['accepted_per_second', 'answered_per_second', 'latency_p99_ms']),
  /** Of the first one. */
  verdict: z.enum(['faster', 'slower', 'no difference seen', 'too few rounds']),
  /** Rounds that have both. */
  rounds: count,
  /** First over second with its 95 % interval (analysis/compare-figures.ts); bounds are null in too few rounds. */
  ratio: z.object({ estimate: z.number(), low: z.number().nullable(), high: z.number().nullable() }).nullable(),
  /** How often chance alone makes so great a difference. */
  p: z.number().nullable(),
  /** The least change that is seen in 80 % of such runs, as a share of the second one. */
  detectable: z.number().nullable(),
})
export type Pair = z.infer<typeof pairSchema>

const targetResultSchema = z.object({
  name: z.string(),
  wanted: z.string(),
  got: z.string(),
  verdict: z.enum(['met', 'missed', 'not measurable here', 'not applicable']),
  why: z.string().nullable(),
})
export type TargetResult = z.infer<typeof targetResultSchema>

/** Operational laws (model/operational-laws.ts): a violation speaks of a broken instrument, not of the system. */
export const lawsSchema = z
  .object({ checks: count, violations: z.array(z.string()) })
  .default({ checks: 0, violations: [] })
export type Laws = z.infer<typeof lawsSchema>

export const summarySchema = z.object({
  schema: schemaVersion,
  run_id: z.string(),
  status: z.enum(['complete', 'interrupted', 'running']),
  /** The verdict in one sentence. */
  verdict: z.string(),
  results: z.array(resultSchema),
  /** Each two modes, held against each other within rounds. */
  pairs: z.array(pairSchema).default([]),
  targets: z.array(targetResultSchema),
  laws: lawsSchema,
})
export type Summary = z.infer<typeof summarySchema>
