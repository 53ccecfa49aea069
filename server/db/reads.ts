import type { Logger } from 'pino'
import type { Metrics } from '../metrics/metrics.ts'
import type { Connection } from './database.ts'

/** So long nobody asks a replica that failed, so that not every read waits for it. */
const PAUSE_MS = 5_000

/**
 * Reads that may be a little old: the replica answers, and the primary where the replica does not. A replica can fail
 * in more ways than a primary (away, starting, cancelled by what it replays, behind by a migration), so whatever it
 * says is asked again; a fault of the statement itself is then the primary's error.
 */
export function createReads(
  primary: Connection,
  replica: Connection,
  { logger, metrics }: { logger: Logger; metrics: Metrics },
): Connection {
  let askAgainAt = 0
  return {
    async query(statement, values) {
      if (performance.now() < askAgainAt) return primary.query(statement, values)
      try {
        return await replica.query(statement, values)
      } catch (error) {
        askAgainAt = performance.now() + PAUSE_MS
        metrics.errors.inc({ error_type: 'replica_error' })
        logger.warn({ err: error, statement: statement.name }, 'the replica did not answer; the primary is asked')
        return primary.query(statement, values)
      }
    },
  }
}
