import type { LimiterMode, Profile } from '../run-file.ts'
import { KNOBS } from './knobs.ts'

/** A box of the guide, or one of its changes by itself, and what is claimed of it. */
export interface GuideProfile {
  readonly name: string
  readonly profile: Profile
  /** Concurrent users; null where nothing is claimed. */
  readonly claimed: { readonly from: number; readonly to: number } | null
}

/** Pool 5 + 10, one of everything, one job at a time. */
const BEFORE: Profile = { servers: 1, workers: 1, concurrency: 1, pool: 15, semaphore: 10, redis_connections: 1 }

/** The guide's small box before and after, and between them each of its changes alone. */
const GUIDE_PROFILES: readonly GuideProfile[] = [
  { name: 'before', profile: BEFORE, claimed: { from: 10, to: 15 } },
  { name: 'pool 50', profile: { ...BEFORE, pool: 50 }, claimed: null },
  { name: '2 servers', profile: { ...BEFORE, servers: 2 }, claimed: null },
  { name: '2 workers', profile: { ...BEFORE, workers: 2 }, claimed: null },
  { name: '50 Redis connections', profile: { ...BEFORE, redis_connections: 50 }, claimed: null },
  {
    name: 'after',
    profile: { ...BEFORE, servers: 2, workers: 2, pool: 50, redis_connections: 50 },
    claimed: { from: 20, to: 30 },
  },
]

/** Without the change that does nothing in a mode. */
export function guideProfiles(mode: LimiterMode): GuideProfile[] {
  const isIdle = KNOBS['redis-connections'].isIdle(mode) !== null
  return GUIDE_PROFILES.filter(({ name }) => !(isIdle && name === '50 Redis connections'))
}
