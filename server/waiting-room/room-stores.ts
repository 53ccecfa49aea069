import type { Database } from '../db/database.ts'
import type { RedisClient } from '../redis/connect.ts'
import type { RoomKeys } from './room-keys.ts'

/** Where waiting rooms live: numbers and lines in Redis, everything that must last in Postgres. */
export interface RoomStores {
  readonly db: Database
  readonly redis: RedisClient
  readonly roomKeys: RoomKeys
}
