import { formatNumber, formatShare } from '../analysis/format.ts'
import { invariantVerdict } from '../analysis/merge-invariants.ts'
import { answersOf } from '../analysis/rounds.ts'
import { meanRate } from '../drivers/arrivals.ts'
import type { Point } from '../points/points-file.ts'
import type { Load, Sample, Trial } from '../run-file.ts'
import { latencyMs } from './figures-by-round.ts'
import type { RateOutcome } from './search-rate.ts'

/** Of what came, at most so much may be added to what waits, each second. */
const MOST_GROWTH = 0.03
/** What was left to do at the end must be done in this time. */
const LONGEST_REST_SECONDS = 2
/** Of all requests. */
const MOST_REFUSED = 0.001

/** Where redemptions wait behind the answer, and who takes them from there. */
const QUEUES = {
  stream: 'the ledger consumer',
  outbox: 'the outbox relay',
  jobs: 'the workers',
} as const
type QueueName = keyof typeof QUEUES

export interface UsersVerdict {
  readonly outcome: RateOutcome
  readonly p95Ms: number | null
  readonly meanMs: number | null
  /** Redemptions that were added to the queues each second. */
  readonly growthPerSecond: number
  /** Why it does not hold, or proves nothing. */
  readonly reasons: readonly string[]
  /** Who falls behind, where a queue grows. */
  readonly behind: string | null
  readonly hasBroken: boolean
}

/** Whether a system carried the people of one open-loop trial: fast enough, nobody refused, nothing piling up, nothing broken. */
export function judgeUsers(point: Point, trial: Trial, targetMs: number): UsersVerdict {
  const [load] = trial.loads
  const broken = trial.invariants.filter((one) => invariantVerdict(one) === 'broken')
  const hasBroken = broken.length > 0
  if (load === undefined || trial.status === 'invalid') {
    const outcome = trial.status === 'invalid' && !hasBroken ? 'invalid' : 'misses'
    const reasons = [trial.failure?.split('\n')[0] ?? 'no load was measured']
    return { outcome, p95Ms: null, meanMs: null, growthPerSecond: 0, reasons, behind: null, hasBroken }
  }
  const growth = growthOf(trial.samples)
  const p95Ms = latencyMs(load, 95)
  const reasons = [
    ...(hasBroken ? [`invariant ${broken.map(({ number }) => number).join(', ')} BROKE`] : []),
    ...(p95Ms === null || p95Ms >= targetMs ? [`p95 was ${formatNumber(p95Ms)} ms`] : []),
    ...refusals(load),
    ...restOf(point, trial, growth),
  ]
  return {
    outcome: reasons.length > 0 ? 'misses' : 'holds',
    p95Ms,
    meanMs: latencyMs(load, 'mean'),
    growthPerSecond: growth.perSecond,
    reasons,
    behind: reasons.some((reason) => reason.includes('waits')) ? QUEUES[growth.most] : null,
    hasBroken,
  }
}

function refusals(load: Load): string[] {
  const refused = load.errors + load.refused
  const share = refused / Math.max(1, load.errors + answersOf(load))
  return share > MOST_REFUSED ? [`${formatShare(share)} of the requests were refused or failed`] : []
}

function restOf(point: Point, { drain }: Trial, { perSecond }: Growth): string[] {
  const rate = point.arrivals === null ? Number.POSITIVE_INFINITY : meanRate(point.arrivals)
  const isGrowing = perSecond > MOST_GROWTH * rate
  const isLate = drain !== null && drain.seconds > LONGEST_REST_SECONDS
  if (isGrowing)
    return [
      `what waits behind the answers grew by ${formatNumber(perSecond)} per second (${formatShare(perSecond / rate)} of what came)`,
    ]
  return isLate ? [`what waits behind the answers took ${formatNumber(drain.seconds)} s more to drain`] : []
}

interface Growth {
  readonly perSecond: number
  /** The queue that grew most. */
  readonly most: QueueName
}

/** From the middle third of the load to its last one, by their means: what swings within seconds cancels. */
function growthOf(samples: readonly Sample[]): Growth {
  const known = samples.filter(({ phase, queue }) => phase === 'running' && queue !== null)
  const third = Math.floor(known.length / 3)
  const [middle, last] = [known.slice(third, 2 * third), known.slice(2 * third)]
  if (middle.length === 0 || last.length === 0) return { perSecond: 0, most: 'jobs' }
  const seconds = meanOf(last, ({ t }) => t) - meanOf(middle, ({ t }) => t)
  const growths = (Object.keys(QUEUES) as QueueName[]).map((name) => {
    const size = ({ queue }: Sample) => queue?.[name] ?? 0
    return { name, perSecond: (meanOf(last, size) - meanOf(middle, size)) / seconds }
  })
  const most = growths.reduce((best, one) => (one.perSecond > best.perSecond ? one : best))
  return { perSecond: growths.reduce((sum, one) => sum + one.perSecond, 0), most: most.name }
}

function meanOf(samples: readonly Sample[], read: (sample: Sample) => number): number {
  return samples.reduce((sum, sample) => sum + read(sample), 0) / samples.length
}
