import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asBurst, type LoadResult, type LoadSpec } from '../drivers/driver.ts'
import type { Load } from '../run-file.ts'
import { BURST } from '../scenarios/scenario.ts'
import type { CodeSeed } from '../sut/redeem-data.ts'
import type { CpuMs } from './cpu-meter.ts'
import type { TrialContext } from './trial-context.ts'
import type { TrialRecorder } from './trial-recorder.ts'

const PATH = '/api/v1/public/direct-redeem'

/** What is loaded, and where it is written down. */
export interface LoadTarget {
  readonly url: string
  readonly recorder: TrialRecorder
  /** Rejects when the system dies; a load on a dead system is ended at once. */
  readonly died: Promise<never>
  /** Grows by the file of each load. */
  readonly answersFiles: string[]
}

/** Loads the system in a closed loop for a time. @throws InvalidRunError when it dies meanwhile */
export async function runLoad(
  context: TrialContext,
  target: LoadTarget,
  codes: readonly CodeSeed[],
  seconds: number,
): Promise<LoadResult> {
  const { connections, seed } = context.plan
  const spec = describeLoad(context, target, codes, seed)
  return watch(context, target, { ...spec, connections, duration_seconds: seconds })
}

/** Many requests at once for a code with few uses, so that overselling has its chance. */
export async function runBurst(context: TrialContext, target: LoadTarget): Promise<LoadResult> {
  const spec = describeLoad(context, target, [BURST], context.plan.seed)
  return watch(context, target, asBurst(spec, BURST.requests))
}

function describeLoad(context: TrialContext, target: LoadTarget, codes: readonly CodeSeed[], seed: number) {
  // People never come back: an address stands for one load of one trial.
  const prefix = `p${randomBytes(5).toString('hex')}`
  return {
    url: target.url,
    path: PATH,
    requests: { kind: 'redeem' as const, codes: codes.map(({ code }) => code), email_prefix: prefix, seed },
    answers_file: join(context.directory.path, `answers-${prefix}.tsv`),
  }
}

async function watch(context: TrialContext, target: LoadTarget, spec: LoadSpec): Promise<LoadResult> {
  const ended = new AbortController()
  const signal = AbortSignal.any([context.signal, ended.signal])
  const death = target.died.catch((error: unknown) => {
    ended.abort()
    throw error
  })
  death.catch(() => {})
  target.answersFiles.push(spec.answers_file)
  const result = await context.generator.load(spec, { signal, onProgress: target.recorder.onProgress })
  context.signal.throwIfAborted()
  if (ended.signal.aborted) await death
  return result
}

export function toLoad(name: Load['name'], result: LoadResult, cpu: CpuMs): Load {
  const { seconds, accepted, refused, errors, by_status, histogram } = result
  return { name, seconds, accepted, refused, errors, by_status, histogram, cpu_ms: cpu }
}

export async function removeAnswers({ answersFiles }: LoadTarget): Promise<void> {
  await Promise.all(answersFiles.map((file) => rm(file, { force: true })))
}
