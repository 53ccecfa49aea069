import { type Command, Option } from 'commander'
import type { Profile } from '../run-file.ts'
import { parseMilliseconds, parseWholeNumber } from './options.ts'

/** What every command that starts the system lets people choose about it. */
export interface SystemChoices {
  servers: number
  workers: number
  concurrency: number
  pool: number
  semaphore: number
  redisConnections: number
  dbLatency: number
  redisLatency: number
  allowNonempty: boolean
}

/** The upper bounds are those of the server and the worker themselves. */
export function addSystemOptions(command: Command, defaults: { concurrency: number }): Command {
  return command
    .option('--servers <n>', 'server processes on one port', parseWholeNumber(1, 64), 1)
    .option('--workers <n>', 'worker processes', parseWholeNumber(1, 64), 1)
    .option(
      '--concurrency <n>',
      'invite jobs at a time in each worker',
      parseWholeNumber(1, 1_000),
      defaults.concurrency,
    )
    .option('--pool <n>', 'Postgres connections of each process', parseWholeNumber(1, 1_000), 10)
    .option(
      '--semaphore <n>',
      'redemptions at a time, in the modes that have a semaphore',
      parseWholeNumber(1, 100_000),
      10,
    )
    .option(
      '--redis-connections <n>',
      'connections to Redis of each server process, in token-bucket',
      parseWholeNumber(1, 100),
      1,
    )
    .option('--db-latency <time>', 'put this much between the system and Postgres', parseMilliseconds, 0)
    .option('--redis-latency <time>', 'put this much between the system and Redis', parseMilliseconds, 0)
}

/** @param consequence what becomes of the data that is found there */
export function allowNonempty(consequence: string): Option {
  const text = `use a DATABASE_URL or REDIS_URL that holds data (${consequence})`
  return new Option('--allow-nonempty', text).default(false)
}

export function profileOf(choices: SystemChoices): Profile {
  const { servers, workers, concurrency, pool, semaphore, redisConnections } = choices
  return { servers, workers, concurrency, pool, semaphore, redis_connections: redisConnections }
}
