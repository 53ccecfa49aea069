import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Point } from '../points/points-file.ts'
import { refuseBroken } from '../points/refuse-broken.ts'
import { runPoints } from '../points/run-points.ts'
import { createProgressReport } from '../report/progress.ts'
import type { LimiterMode } from '../run-file.ts'
import { BASIS_ROUNDS, basisOfRun, basisPoints } from './basis-of-run.ts'
import { type Candidate, VERIFY_ROUNDS } from './judge-candidate.ts'
import type { BasisFile, PlanRecord, Verification } from './plan-file.ts'
import type { PlanRequest } from './plan-request.ts'
import { verificationPoint, verify } from './verify-plan.ts'

interface Running {
  readonly runId: string
  readonly directory: string
  readonly seed: number
  readonly signal: AbortSignal
}

type Choices = Pick<Point, 'codes' | 'db_latency_ms' | 'redis_latency_ms'> & {
  readonly mode: LimiterMode
  readonly semaphore: number
  readonly allowNonempty: boolean
}

/**
 * About three minutes.
 * @throws the signal's reason when it is interrupted: half of it is no basis; BrokenInvariantError
 */
export async function measureBasis(
  { allowNonempty, semaphore, mode, ...choices }: Choices,
  running: Running,
): Promise<BasisFile> {
  process.stderr.write('no --from: measuring first, about three minutes\n')
  const points = basisPoints(mode, choices, semaphore)
  const measured = await run('basis', points, BASIS_ROUNDS, allowNonempty, running)
  refuseBroken(measured.trials, join(running.directory, 'basis'))
  return basisOfRun(measured)
}

interface Verified {
  readonly verification: Verification
  /** Null when no trial counts. */
  readonly recorded: PlanRecord['plans'][number] | null
}

/** Starts the recommended profile and loads it as so many users would. */
export async function verifyByRunning(
  request: PlanRequest,
  candidate: Candidate,
  { allowNonempty, ...running }: Running & { readonly allowNonempty: boolean },
): Promise<Verified> {
  const { profile, rate } = candidate
  process.stderr.write(`verifying: ${VERIFY_ROUNDS} rounds\n`)
  const point = verificationPoint(request, candidate, running.seed)
  const measured = await run('verification', [point], VERIFY_ROUNDS, allowNonempty, running)
  const verification = verify(request, candidate, measured)
  const { figures } = verification
  if (figures === null) return { verification, recorded: null }
  const { throughput, mean, p99 } = figures
  return {
    verification,
    recorded: {
      at: new Date().toISOString(),
      run_id: measured.run_id,
      mode: request.mode,
      profile,
      rate,
      errors: { throughput: throughput.error, mean: mean.error, p99: p99.error },
      held: { throughput: throughput.is_held, mean: mean.is_held, p99: p99.is_held },
    },
  }
}

async function run(
  name: string,
  points: readonly Point[],
  rounds: number,
  allowNonempty: boolean,
  { runId, directory, seed, signal }: Running,
) {
  const place = join(directory, name)
  await mkdir(place, { recursive: true })
  const measured = await runPoints({
    command: `plan: ${name}`,
    repeatWith: 'npm run plan',
    runId: `${runId}-${name}`,
    directory: place,
    points,
    rounds,
    processesPer: 'round',
    seed,
    allowNonempty,
    progress: createProgressReport({ trials: points.length * rounds, isMost: false }, process.stderr),
    signal,
  })
  signal.throwIfAborted()
  return measured
}
