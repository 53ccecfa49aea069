import type { Plan } from '../run-file.ts'
import { AS_ASKED, HOT, redeemShared, type Scenario } from '../scenarios/scenario.ts'
import type { CodeSeed } from '../sut/redeem-data.ts'
import type { Point } from './points-file.ts'

/** A point as the plan of one round, for what measures and judges trials. */
export function planOfPoint(point: Point, seed: number): Plan {
  return {
    scenario: 'points',
    modes: [point.mode],
    rounds: 1,
    engine: point.arrivals === null ? 'autocannon' : 'paced',
    arrivals: point.arrivals,
    connections: point.connections,
    duration: point.duration,
    people: null,
    paced: point.arrivals !== null || point.think_ms > 0,
    warm_up: point.warm_up,
    warm_up_people: point.warm_up_people,
    profile: point.profile,
    profile_name: point.name,
    seed,
    db_latency_ms: point.db_latency_ms,
    redis_latency_ms: point.redis_latency_ms,
    width: null,
    max_rounds: null,
  }
}

/** What the people of a point do: redeem one of its codes, and look at the status so often. */
export function scenarioOfPoint({ name, codes, polls, think_ms }: Point): Scenario {
  const seeds = codesOf(codes)
  const visits: Scenario['workload'] = () => ({
    codes: seeds,
    requests: { kind: 'poll-status', code: HOT.code, polls, think_ms },
  })
  return { ...AS_ASKED, name: 'points', description: name, workload: polls === 0 ? redeemShared(seeds) : visits }
}

/** All together have as many uses as the one hot code. */
function codesOf(count: number): CodeSeed[] {
  if (count === 1) return [HOT]
  const maxUses = Math.ceil(HOT.maxUses / count)
  return Array.from({ length: count }, (_, n) => ({ code: `SPREAD-${n + 1}`, maxUses }))
}
