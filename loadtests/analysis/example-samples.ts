import type { Sample, Subject } from '../run-file.ts'
import type { Random } from './random.ts'

/** Test data: how one mode behaves in the example run. Rates per second, latencies in milliseconds, CPU in cores. */
export interface ExampleMode {
  rate: number
  drainedShare: number
  drainRate: number
  p50: number
  pool: number
  waiting: number
  limiter: number
  accept: { redisTrips: number; redisCommands: number; sql: number }
  cpu: { server: number; postgres: number; redis: number }
}

const PHASES: readonly (readonly [Sample['phase'], number])[] = [
  ['warm-up', 3],
  ['paused', 10],
  ['drain', 6],
  ['running', 10],
  ['burst', 1],
]

/** One second after the other, with a garbage-collection hiccup in the middle of the paused load. */
export function exampleSamples(subject: Subject, mode: ExampleMode, speed: number, random: Random): Sample[] {
  const queue = { stream: 0, outbox: 0, jobs: 0 }
  const phases = PHASES.filter(([phase]) => subject !== 'ceiling' || phase === 'warm-up' || phase === 'paused')
  const seconds = phases.flatMap(([phase, length]) => Array.from({ length }, () => phase))
  return seconds.map((phase, t) => {
    const wobble = speed * (0.9 + 0.2 * random()) * (t === 8 ? 0.6 : 1)
    const sample = exampleSample(phase, t, mode, wobble)
    moveQueue(queue, sample, subject, mode)
    return subject === 'ceiling' ? sample : { ...sample, queue: { ...queue } }
  })
}

function exampleSample(phase: Sample['phase'], t: number, mode: ExampleMode, wobble: number): Sample {
  const loaded = phase !== 'drain'
  const share = phase === 'running' ? mode.drainedShare : 1
  const accepted = loaded ? Math.round(mode.rate * share * wobble) : 0
  const slow = mode.p50 / (wobble * share)
  const busy = loaded ? 1 : 0.2
  const drains = phase === 'drain' || phase === 'running'
  return {
    t,
    phase,
    accepted: phase === 'burst' ? 10 : accepted,
    served: 0,
    refused: phase === 'burst' ? 190 : 0,
    errors: 0,
    p50_ms: loaded ? slow : null,
    p99_ms: loaded ? slow * 3.4 : null,
    pool: mode.pool === 0 ? null : poolAt(mode, busy * wobble),
    event_loop: { lag_ms: 2.5 * busy * wobble, utilisation: Math.min(1, 0.85 * busy * wobble) },
    limiter_waiting: mode.limiter === 0 ? null : Math.round(mode.limiter * busy),
    lock_waiting: null,
    queue: null,
    cpu: {
      server: mode.cpu.server * busy,
      postgres: mode.cpu.postgres * busy + (drains ? 0.3 : 0),
      redis: mode.cpu.redis * busy + (drains ? 0.1 : 0),
      worker: drains ? 0.45 : 0.01,
      scheduler: drains ? 0.2 : 0.01,
      mail_sink: drains ? 0.15 : 0.01,
      generator: 0.35 * busy,
    },
    steal: 0.01 * wobble,

    extra: {},
  }
}

function poolAt(mode: ExampleMode, busy: number): NonNullable<Sample['pool']> {
  return {
    size: mode.pool,
    in_use: Math.min(mode.pool, Math.round(mode.pool * busy)),
    waiting: Math.round(mode.waiting * busy),
    wait_ms: mode.waiting * 0.8 * busy,
    released: null,
    hold_ms: null,
    busy_seconds: null,
  }
}

function moveQueue(queue: NonNullable<Sample['queue']>, sample: Sample, subject: Subject, mode: ExampleMode): void {
  const waiting = subject === 'token-bucket' ? 'stream' : 'outbox'
  queue[waiting] += sample.accepted
  if (sample.phase !== 'drain' && sample.phase !== 'running') return
  const moved = Math.min(queue[waiting], Math.round(mode.drainRate * 1.5))
  queue[waiting] -= moved
  queue.jobs = Math.max(0, queue.jobs + moved - Math.round(mode.drainRate))
}
