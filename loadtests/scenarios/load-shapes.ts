import { AS_ASKED, HOT, redeemShared, type Scenario } from './scenario.ts'

/** The shapes in which people test such servers already, all on one hot code. */

const requests1000 = (connections: number): Scenario => ({
  ...AS_ASKED,
  name: `requests-1000-over-${connections}`,
  description: `1 000 requests over ${connections} connections, each of another person`,
  shape: { connections, people: 1_000 },
  workload: redeemShared([HOT]),
})

const steady = (connections: number): Scenario => ({
  ...AS_ASKED,
  name: `steady-${connections}`,
  description: `30 s over ${connections} connections`,
  shape: { connections, seconds: 30 },
  workload: redeemShared([HOT]),
})

const usersOnce: Scenario = {
  ...AS_ASKED,
  name: 'users-once',
  description: '--users people (1 000 unless said otherwise) redeem once each, at most 100 of them at the same time',
  shape: { connections: 100, people: 1_000, asksForUsers: true },
  workload: redeemShared([HOT]),
}

export const LOAD_SHAPES: readonly Scenario[] = [
  requests1000(20),
  requests1000(100),
  steady(20),
  steady(100),
  steady(400),
  usersOnce,
]
