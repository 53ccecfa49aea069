import { answersOf, type ByRound, intervalOverRounds, ratioWithinRounds } from '../analysis/rounds.ts'
import type { Load, Trial } from '../run-file.ts'
import { figureByRound } from './figures-by-round.ts'
import type { PoolReading } from './sweep-file.ts'

/** How near the two readings of the connections in use must be. */
export const AGREEMENT = 0.05

interface Totals {
  readonly seconds: number
  readonly busySeconds: number
  readonly holds: number
  readonly heldMs: number
  readonly waitMs: number
}

/**
 * Little's law on the pools of a point, N = X · W, from instruments that know nothing of each other: connections in use
 * by the count of the pools, answers per second by the clients, hold by the servers' stopwatches.
 * @param usesSql each answer takes a connection once
 */
export function readPoint(trials: readonly Trial[], usesSql: boolean): PoolReading | null {
  const busyByRound = totalsByRound(trials, busyOf)
  const expectedByRound = totalsByRound(
    trials,
    (totals, load) => ((answersOf(load) / load.seconds) * holdMs(totals)) / 1_000,
  )
  const waitByRound = totalsByRound(trials, (totals) => totals.waitMs / totals.holds)
  const [wait, hold, busy] = [waitByRound, totalsByRound(trials, holdMs), busyByRound].map(intervalOverRounds)
  if (!wait || !hold || !busy) return null
  const agreement = usesSql ? ratioWithinRounds(busyByRound, expectedByRound) : null
  return {
    wait_ms: wait,
    hold_ms: hold,
    busy,
    throughput_x_hold: usesSql ? intervalOverRounds(expectedByRound) : null,
    agreement,
    agrees: agreement && Math.abs(agreement.median - 1) <= AGREEMENT,
  }
}

/** Seconds of one hold, and connections in use. */
export function holdByRound(trials: readonly Trial[]): { hold: ByRound; busy: ByRound } {
  return { hold: totalsByRound(trials, (totals) => holdMs(totals) / 1_000), busy: totalsByRound(trials, busyOf) }
}

function totalsByRound(trials: readonly Trial[], figure: (totals: Totals, load: Load) => number): ByRound {
  return figureByRound(trials, (load, trial) => {
    const totals = sumSamples(trial, load)
    return totals === null ? null : figure(totals, load)
  })
}

function busyOf({ busySeconds, seconds }: Totals): number {
  return busySeconds / seconds
}

function holdMs({ heldMs, holds }: Totals): number {
  return heldMs / holds
}

/**
 * Over the whole load. Its last moments may be in the sample after it, in which nothing else uses these pools: what
 * drains has pools of its own.
 */
function sumSamples({ samples }: Trial, { name, seconds }: Load): Totals | null {
  const first = samples.findIndex(({ phase }) => phase === name)
  const last = samples.findLastIndex(({ phase }) => phase === name)
  if (first < 0) return null
  const after = samples[last + 1]?.phase === 'drain' ? 2 : 1
  const totals = samples.slice(first, last + after).flatMap(({ pool }): Omit<Totals, 'seconds'>[] => {
    if (!pool || pool.released === null || pool.hold_ms === null || pool.busy_seconds === null) return []
    const { released, hold_ms: hold, busy_seconds: busySeconds, wait_ms: wait } = pool
    return [{ busySeconds, holds: released, heldMs: hold * released, waitMs: wait * released }]
  })
  const sum = (read: (one: Omit<Totals, 'seconds'>) => number) => totals.reduce((total, one) => total + read(one), 0)
  const holds = sum((one) => one.holds)
  if (holds === 0) return null
  return {
    seconds,
    busySeconds: sum((one) => one.busySeconds),
    holds,
    heldMs: sum((one) => one.heldMs),
    waitMs: sum((one) => one.waitMs),
  }
}
