import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../../analysis/bootstrap.ts'
import type { Observation } from './behaviours.ts'

const WAITERS = 1_000
const HOLD_MS = 2
/** Served after so many who came later, a waiter counts as starved. */
const STARVED_AFTER = 100
/** Who came so close to one another may stand in either order: they came over several connections. */
const DOUBT_MS = 20

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
    await sleep(n / 10)
    const cameAt = performance.now()
    await visit(n, async () => {
      served.push(cameAt)
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

/**
 * For the unluckiest waiter: how many who came later were served earlier.
 * @param served when each came, in the order in which they were served
 */
function mostOvertaken(served: readonly number[]): number {
  const countOvertakers = (cameAt: number, place: number) =>
    served.slice(0, place).filter((other) => other > cameAt + DOUBT_MS).length
  return Math.max(...served.map(countOvertakers))
}
