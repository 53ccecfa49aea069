/** A waiting room: an activity of a tenant. */
export interface Room {
  readonly tenant: string
  readonly activityId: string
}

/**
 * Names of what a waiting room has in Redis. All of one room share the hash tag `{tenant:activity}`, so that a script
 * finds its keys in one slot of a Redis Cluster.
 */
export interface RoomKeys {
  /** Hash: run_id (of the Redis that it belongs to), people, reserved (highest number that may be given). */
  room(room: Room): string
  /** The number given last. */
  seq(room: Room): string
  /** Hash: user_hash → "session_id:seq". */
  users(room: Room): string
  /** Hash: session id → "seq:place". */
  sessions(room: Room): string
  /** Hash: session id → who holds its pass (`pass-claim.lua`). */
  passes(room: Room): string
  /** Stream of entries and used passes that Postgres does not have yet. */
  entries(room: Room): string
  /** Stream of those that Postgres refused for good. */
  deadEntries(room: Room): string
  /** Hash: copy of the activity's row. */
  activity(room: Room): string
  rebuildLock(room: Room): string
  /** Sorted set of the enters of the last minute. */
  throttle(room: Room, ipHash: string): string
  /** Channel: ids of activities that changed. */
  readonly changes: string
}

/** The default prefix is left out: these names are an interface, and readable. */
export function createRoomKeys(prefix: string): RoomKeys {
  const start = prefix === 'redline' ? '' : `${prefix}:`
  const tag = ({ tenant, activityId }: Room) => `{${tenant}:${activityId}}`
  return {
    room: (room) => `${start}queue:room:${tag(room)}`,
    seq: (room) => `${start}queue:seq:${tag(room)}`,
    users: (room) => `${start}user:queue:${tag(room)}:session`,
    sessions: (room) => `${start}session:queue:${tag(room)}:place`,
    passes: (room) => `${start}queue:passes:${tag(room)}`,
    entries: (room) => `${start}queue:entries:${tag(room)}`,
    deadEntries: (room) => `${start}queue:dead:${tag(room)}`,
    activity: (room) => `${start}queue:activity:${tag(room)}`,
    rebuildLock: (room) => `${start}queue:rebuild:${tag(room)}`,
    throttle: (room, ipHash) => `${start}throttle:ip:${tag(room)}:${ipHash}`,
    changes: `${start}queue:activity-changed`,
  }
}
