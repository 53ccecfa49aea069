import { formatNumber, formatShare } from '../analysis/format.ts'
import type { Point } from '../points/points-file.ts'
import type { Trial } from '../run-file.ts'
import type { UsersVerdict } from './judge-users.ts'
import { stationsOf } from './largest-demand.ts'
import { resultOfPoint } from './point-result.ts'

/** What is so busy has no room left. */
const FULL = 0.9

/** What gave out at a rate that did not hold, with its evidence, in words. */
export function nameBound(point: Point, trial: Trial, verdict: UsersVerdict, cores: number): string {
  // Also a trial that proves nothing tells how busy everything was.
  const seen = resultOfPoint(point, [{ ...trial, status: 'ok' }], [])
  const machine = stationsOf(seen, point.profile, cores).find(({ name }) => name === 'all together')
  const share = machine?.of ? machine.busy / machine.of : 0
  const evidence = `the machine was ${formatShare(share)} busy`
  const { workers, concurrency } = point.profile
  if (verdict.behind === 'the workers') {
    const each = `${workers} × ${concurrency} ${workers * concurrency === 1 ? 'job' : 'jobs'} at a time`
    return `the workers (${each}): their queue grew by ${formatNumber(verdict.growthPerSecond)}/s; ${evidence}`
  }
  if (verdict.behind !== null)
    return `${verdict.behind}: its queue grew by ${formatNumber(verdict.growthPerSecond)}/s; ${evidence}`
  if (verdict.outcome === 'invalid') return `not shown: ${verdict.reasons.join('; ')}; ${evidence}`
  const wait = seen.pool?.wait_ms.median ?? 0
  if (wait > (seen.pool?.hold_ms.median ?? 0))
    return `the pool: ${formatNumber(wait)} ms of waiting for a connection; ${evidence}`
  if ((seen.event_loop ?? 0) >= FULL)
    return `the server process: its event loop was ${formatShare(seen.event_loop ?? 0)} busy; ${evidence}`
  return share >= FULL
    ? `the machine’s cores: ${formatShare(share)} busy`
    : `not named: ${verdict.reasons.join('; ')}; ${evidence}`
}
