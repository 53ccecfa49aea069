import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RoomEvidence } from '../analysis/evidence.ts'
import { scaleArrivals } from '../drivers/arrivals.ts'
import { asBurst, type LoadResult, type LoadSpec } from '../drivers/driver.ts'
import type { Load } from '../run-file.ts'
import { BURST, type LoadName, type PlannedRequests, WARM_UP, type Workload } from '../scenarios/scenario.ts'
import type { ActivitySeed } from '../sut/waiting-room-data.ts'
import type { CpuMs, MemoryBytes } from './cpu-meter.ts'
import type { LoadContext } from './trial-context.ts'
import type { TrialRecorder } from './trial-recorder.ts'

/** What is loaded, and where it is written down. */
export interface LoadTarget {
  readonly url: string
  /** An open loop comes so many times as fast as planned. */
  readonly rateFactor: number
  /** Opens a waiting room, where the system has some. @returns when, in milliseconds since the epoch */
  readonly openActivity?: (activity: ActivitySeed) => Promise<number>
  /** A measured load that is interrupted is kept: nothing comes after it that would judge it. */
  readonly keepsPart?: boolean
  readonly workloads: Readonly<Record<LoadName, Workload>>
  readonly recorder: TrialRecorder
  /** Rejects when the system dies; a load on a dead system is ended at once. */
  readonly died: Promise<never>
  /** Grows by the file of each load. */
  readonly answersFiles: string[]
  /** Grows by what clients saw of each waiting room. */
  readonly rooms: RoomEvidence[]
}

/** The workloads of one trial. */
export function describeWorkloads({ plan, scenario }: LoadContext): LoadTarget['workloads'] {
  const describe = (load: LoadName, seconds: number) => scenario.workload(load, { seconds, seed: plan.seed })
  return {
    'warm-up': describe('warm-up', plan.warm_up),
    paused: describe('paused', plan.duration),
    running: describe('running', plan.duration),
  }
}

/** Loads the system as planned, for a time or with so many people. @throws InvalidRunError when it dies meanwhile */
export async function runLoad(context: LoadContext, target: LoadTarget, load: LoadName): Promise<LoadResult> {
  const { engine, arrivals, connections, people, duration, warm_up: warmUp } = context.plan
  const { activity, requests } = target.workloads[load]
  const ends = load === 'warm-up' ? { duration_seconds: warmUp } : people ? { people } : { duration_seconds: duration }
  const openedAt = activity && (await target.openActivity?.(activity))
  const loop = { engine, connections, ...(arrivals && { arrivals: scaleArrivals(arrivals, target.rateFactor) }) }
  const keepsPart = target.keepsPart === true && load !== 'warm-up'
  const spec = { ...describeLoad(context, target, requests), ...loop, ...ends }
  const result = await watch(context, target, spec, keepsPart)
  if (activity !== undefined && openedAt !== undefined && result.room !== null)
    target.rooms.push({ name: load, releasePerSecond: activity.releasePerSecond, openedAtMs: openedAt, ...result.room })
  return result
}

/** As many connections as keep every process busy, and an end for systems that are slow even then. */
const HEATING = { connections: 50, seconds: 15 } as const

/**
 * Redemptions as fast as they are answered, before anything is measured: a load of a few hundred requests would otherwise
 * measure code that is still interpreted, at several times the CPU. How fast the load is by itself does not matter then.
 */
export async function runHeating(context: LoadContext, target: LoadTarget): Promise<void> {
  const { warm_up_people: people, seed } = context.plan
  if (people === 0) return
  const requests: PlannedRequests = { kind: 'redeem-shared', codes: [WARM_UP.code], seed }
  const { connections, seconds } = HEATING
  await watch(context, target, {
    ...describeLoad(context, target, requests),
    connections,
    people,
    duration_seconds: seconds,
  })
}

/** Many requests at once for a code with few uses, so that overselling has its chance. */
export async function runBurst(context: LoadContext, target: LoadTarget): Promise<LoadResult> {
  const requests: PlannedRequests = { kind: 'redeem-shared', codes: [BURST.code], seed: context.plan.seed }
  return watch(context, target, asBurst(describeLoad(context, target, requests), BURST.requests))
}

function describeLoad(context: LoadContext, target: LoadTarget, requests: PlannedRequests) {
  // People never come back: an address stands for one load of one trial.
  const prefix = `p${randomBytes(5).toString('hex')}`
  return {
    url: target.url,
    requests: { ...requests, email_prefix: prefix },
    answers_file: join(context.directory.path, `answers-${prefix}.tsv`),
  }
}

async function watch(context: LoadContext, target: LoadTarget, spec: LoadSpec, keepsPart = false): Promise<LoadResult> {
  const ended = new AbortController()
  const signal = AbortSignal.any([context.signal, ended.signal])
  const death = target.died.catch((error: unknown) => {
    ended.abort()
    throw error
  })
  death.catch(() => {})
  target.answersFiles.push(spec.answers_file)
  const result = await context.generator.load(spec, { signal, onProgress: target.recorder.onProgress })
  if (!keepsPart) context.signal.throwIfAborted()
  if (ended.signal.aborted) await death
  return result
}

export function toLoad(name: Load['name'], result: LoadResult, cpu: CpuMs, memory: MemoryBytes = {}): Load {
  const { seconds, accepted, served, refused, errors, by_status, histogram, steps } = result
  const { schedule, steady, clock_step_ms, wire_bytes } = result
  const counted = { seconds, accepted, served, refused, errors, by_status }
  return {
    name,
    ...counted,
    histogram,
    steps,
    cpu_ms: cpu,
    memory_bytes: memory,
    wire_bytes,
    schedule,
    steady,
    clock_step_ms,
  }
}

export async function removeAnswers({ answersFiles }: LoadTarget): Promise<void> {
  await Promise.all(answersFiles.map((file) => rm(file, { force: true })))
}
