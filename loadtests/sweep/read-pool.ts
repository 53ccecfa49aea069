import { type ByRound, intervalOverRounds, ratioWithinRounds } from '../analysis/rounds.ts'
import type { Load, Sample, Trial } from '../run-file.ts'
import { answeredPerSecond, figureByRound } from './figures-by-round.ts'
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
  const expectedByRound = totalsByRound(trials, (totals, load) => (answeredPerSecond(load) * holdMs(totals)) / 1_000)
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
    const totals = sumSamples(trial, load.name)
    return totals === null ? null : figure(totals, load)
  })
}

function busyOf({ busySeconds, seconds }: Totals): number {
  return busySeconds / seconds
}

function holdMs({ heldMs, holds }: Totals): number {
  return heldMs / holds
}

/** Over the whole seconds of the load: the first sample may hold something of what was before, the last one of what came after. */
function sumSamples({ samples }: Trial, phase: Sample['phase']): Totals | null {
  const first = samples.findIndex((sample) => sample.phase === phase)
  const last = samples.findLastIndex((sample) => sample.phase === phase)
  const inside = samples.slice(first + 1, last)
  const whole = inside.length > 0 ? inside : samples.slice(first, last + 1)
  const totals = whole.flatMap(({ t, pool }, index): Totals[] => {
    const { released, hold_ms: hold, busy_seconds: busySeconds, wait_ms: wait } = pool ?? {}
    const before = samples[samples.indexOf(whole[0] as Sample) + index - 1]?.t ?? t - 1
    if (released == null || hold == null || busySeconds == null || wait === undefined) return []
    return [{ seconds: t - before, busySeconds, holds: released, heldMs: hold * released, waitMs: wait * released }]
  })
  const sum = (read: (one: Totals) => number) => totals.reduce((total, one) => total + read(one), 0)
  if (first < 0 || sum(({ holds }) => holds) === 0) return null
  return {
    seconds: sum(({ seconds }) => seconds),
    busySeconds: sum(({ busySeconds }) => busySeconds),
    holds: sum(({ holds }) => holds),
    heldMs: sum(({ heldMs }) => heldMs),
    waitMs: sum(({ waitMs }) => waitMs),
  }
}
