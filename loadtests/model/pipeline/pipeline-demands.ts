import { z } from 'zod'
import { LIMITER_MODES } from '../../run-file.ts'

const seconds = z.number().nonnegative()

/** Seconds of CPU. */
const acceptSchema = z.object({
  server: seconds,
  postgres: seconds,
  redis: seconds,
  generator: seconds,
  /** The proxy that puts a delay before a store; 0 without one. */
  delay_proxy: seconds,
})
export type AcceptDemand = z.infer<typeof acceptSchema>

const drainSchema = z.object({
  worker: seconds,
  scheduler: seconds,
  server: seconds,
  postgres: seconds,
  redis: seconds,
  mail_sink: seconds,
})
export type DrainDemand = z.infer<typeof drainSchema>

const levelSchema = z.object({
  /** Redemptions per second at which it was measured. */
  rate: z.number().positive(),
  accept: acceptSchema,
  drain: drainSchema,
})
export type Level = z.infer<typeof levelSchema>

/** What redemptions wait for things that the simulation lacks: the scheduler of the machine, collected garbage, each other. */
const stallSchema = z.object({
  /** Where it was measured: on the axis of its list. */
  at: z.number().nonnegative(),
  /** In the mean over all redemptions. */
  seconds,
  /** The share of them that is held up, for `seconds` over this in the mean. */
  hit: z.number().gt(0).max(1),
})
export type Stall = z.infer<typeof stallSchema>

/**
 * What one redemption costs on one machine, measured at several loads: an idle system pays for each wake-up, a busy one
 * shares it. Times are seconds.
 */
export const pipelineDemandsSchema = z.object({
  mode: z.enum(LIMITER_MODES),
  cores: z.number().int().positive(),
  /** By rate, ascending. */
  levels: z.array(levelSchema).min(2),
  /** Answers to one connection alone, less the delays that were put before the stores: at equal steps of its distribution. */
  alone: z.array(seconds).min(20),
  /**
   * While nothing drains, by the logarithm of how many are under way at each server process, ascending; none = the simulation
   * as it is. Answers that come while a process is at work are read and sent on together, so that who met once stays together:
   * that depends on how many there are, and hardly on how full the cores are.
   */
  stalls: z.array(stallSchema),
  /** While everything drains as it comes, by the share of the cores in use; none = as while nothing drains. */
  drain_stalls: z.array(stallSchema),
})
export type PipelineDemands = z.infer<typeof pipelineDemandsSchema>

/**
 * At any rate. Between two loads the CPU of all redemptions together grows in a straight line, as it does where a part
 * of it does not depend on how many there are; outside of them a redemption costs what it costs at the nearer one.
 */
export function demandsAt(
  { levels }: { readonly levels: readonly Level[] },
  rate: number,
): Pick<Level, 'accept' | 'drain'> {
  const above = levels.find((level) => level.rate >= rate) ?? lastOf(levels)
  const below = levels.findLast((level) => level.rate <= rate) ?? above
  if (above.rate === below.rate) return above
  // CPU per second is linear in the rate, so CPU per redemption is linear in its reciprocal.
  const share = (1 / below.rate - 1 / rate) / (1 / below.rate - 1 / above.rate)
  return {
    accept: between(below.accept, above.accept, share),
    drain: between(below.drain, above.drain, share),
  }
}

function between<Values extends Record<string, number>>(from: Values, to: Values, share: number): Values {
  const entries = Object.entries(from).map(([kind, value]) => [kind, value + share * ((to[kind] ?? value) - value)])
  return Object.fromEntries(entries) as Values
}

/** How redemptions are held up: each in one of these ways, as often as its share says; shares add up to 1. */
export type StallMix = readonly { readonly share: number; readonly stall: Pick<Stall, 'seconds' | 'hit'> }[]

/**
 * Between two measured loads some redemptions are held up as at the one, the others as at the other: a core is free or taken
 * when it is wanted. Outside of them as at the nearer one.
 */
export function stallsAt(stalls: readonly Stall[], at: number): StallMix {
  const above = stalls.find((each) => each.at >= at) ?? stalls.at(-1)
  const below = stalls.findLast((each) => each.at <= at) ?? above
  if (above === undefined || below === undefined) return []
  const share = above.at === below.at ? 0 : (at - below.at) / (above.at - below.at)
  return [
    { share: 1 - share, stall: below },
    { share, stall: above },
  ]
}

export function sumOfDemands(demand: Readonly<Record<string, number>>): number {
  return Object.values(demand).reduce((sum, value) => sum + value, 0)
}

export function lastOf<Item>(items: readonly Item[]): Item {
  const last = items.at(-1)
  if (last === undefined) throw new RangeError('there is none')
  return last
}
