import type { AdvancedSettings, Queue } from 'bull'
import type { ConnectOptions } from '../redis/connect.ts'
import type { Keys } from '../redis/keys.ts'
import { type OpenQueue, openQueue } from './open-queue.ts'

/** A maintenance job carries nothing but its name. */
export type MaintenanceQueue = Queue<Record<string, never>>

/** A job whose worker died is given to another one, at most so often in a row. */
const SETTINGS: AdvancedSettings = { lockDuration: 30_000, stalledInterval: 5_000, maxStalledCount: 3 }

/** @throws when Redis is away */
export function openMaintenanceQueue(
  keys: Keys,
  connection: ConnectOptions,
  settings: AdvancedSettings = {},
): Promise<OpenQueue<Record<string, never>>> {
  return openQueue('maintenance', keys, connection, { ...SETTINGS, ...settings })
}
