import type { Logger } from 'pino'
import type { RedisClient } from '../redis/connect.ts'
import type { RunId } from '../redis/run-id.ts'
import { createActivityCache } from './activity-cache.ts'
import { createAskRoom } from './ask-room.ts'
import { deriveKey } from './derive-key.ts'
import { hashAddress } from './hash-address.ts'
import { createPasses, type Passes } from './passes.ts'
import type { RoomStores } from './room-stores.ts'
import { createReadTenant, type ReadTenant } from './tenant.ts'
import { createWaitingRoom, type WaitingRoom } from './waiting-room.ts'

export interface OpenRoomsParts extends RoomStores {
  readonly runId: RunId
  readonly logger: Logger
  readonly subscriber: RedisClient
  /** Of tokens, and what passes and address hashes are keyed by. */
  readonly secret: string
  readonly passLifetimeSeconds: number
}

export interface OpenRooms {
  readonly waitingRoom: WaitingRoom
  readonly passes: Passes
  readonly readTenant: ReadTenant
  readonly hashAddress: (address: string) => string
  close(): void
}

/** Puts the parts of the waiting rooms of one server process together. */
export function openRooms(parts: OpenRoomsParts): OpenRooms {
  const { secret, subscriber, passLifetimeSeconds: lifetimeSeconds } = parts
  const activities = createActivityCache(parts, subscriber)
  const rooms = { ...parts, activities }
  const askRoom = createAskRoom(rooms)
  const passes = createPasses({ ...parts, askRoom, key: deriveKey(secret, 'waiting-room pass'), lifetimeSeconds })
  const addressKey = deriveKey(secret, 'address hash')
  return {
    waitingRoom: createWaitingRoom(rooms, askRoom, passes),
    passes,
    readTenant: createReadTenant(secret),
    hashAddress: (address) => hashAddress(addressKey, address),
    close: () => activities.close(),
  }
}
