import { randomBytes, randomUUID } from 'node:crypto'
import { AS_ASKED, type Scenario } from './scenario.ts'

/** Less than any mode can redeem, so that the room is what holds people up. */
const RELEASED_PER_SECOND = 200
const POLL_MS = 100

export const waitingRoom: Scenario = {
  ...AS_ASKED,
  name: 'waiting-room',
  description: `enter, ask for the place every ${POLL_MS} ms, redeem with the pass; ${RELEASED_PER_SECOND} people are let through per second`,
  isPaced: true,
  environment: {
    // Each person comes from an address of their own, which the load generator writes into the header as a proxy would.
    TRUST_PROXY_HOPS: '1',
    // Passes are signed with it; without it there is no waiting room.
    ADMIN_JWT_SECRET: randomBytes(32).toString('hex'),
  },
  workload(load) {
    const activity = { id: randomUUID(), name: load, releasePerSecond: RELEASED_PER_SECOND, code: `ROOM-${load}` }
    return {
      activity,
      requests: {
        kind: 'pass-waiting-room',
        activity_id: activity.id,
        code: activity.code,
        poll_ms: POLL_MS,
        without_pass_every: 20,
        enter_twice_every: 20,
      },
    }
  },
}
