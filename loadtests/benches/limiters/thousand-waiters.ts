import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../../analysis/bootstrap.ts'
import type { Observation } from './behaviours.ts'

const WAITERS = 1_000
const HOLD_MS = 2
/** Served after so many who came later, a waiter counts as starved. */
const STARVED_AFTER = 100

/**
 * A thousand come one after the other and wait for the same few places.
 * @param visit waits for a place, holds it while the given work runs, and gives it back
 */
export async function letThousandWait(
  visit: (n: number, whileHeld: () => Promise<void>) => Promise<void>,
): Promise<Observation> {
  const served: number[] = []
  const waits: number[] = []
  const visits = Array.from({ length: WAITERS }, async (_, n) => {
    // Far enough from one another that the order of arrival is beyond doubt.
    await sleep(n / 10)
    const cameAt = performance.now()
    await visit(n, async () => {
      served.push(n)
      waits.push(performance.now() - cameAt)
      await sleep(HOLD_MS)
    })
  })
  const gaveUp = (await Promise.allSettled(visits)).filter(({ status }) => status === 'rejected').length
  const overtaken = mostOvertaken(served)
  const waited = `median wait ${Math.round(median(waits))} ms, longest ${Math.round(Math.max(...waits))} ms`
  return {
    right: gaveUp === 0 && overtaken < STARVED_AFTER,
    seen: `${served.length} served, one after ${overtaken} who came later; ${waited}`,
  }
}

/** For the unluckiest waiter: how many who came later were served earlier. */
function mostOvertaken(served: readonly number[]): number {
  return Math.max(...served.map((n, place) => served.slice(0, place).filter((earlier) => earlier > n).length))
}
