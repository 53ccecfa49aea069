import { setTimeout as sleep } from 'node:timers/promises'
import { CAUSES, type Work } from '../run-file.ts'
import type { System } from '../sut/system.ts'
import type { TrialContext } from './trial-context.ts'
import { readWorkCounters, subtractCounters, type WorkCounters } from './work-counters.ts'

const SCRAPE_TIMEOUT_MS = 10_000
/** How long the idle system is watched to learn what it does by itself. */
const IDLE_SECONDS = 1

type Counted = Omit<Work, 'redemptions' | 'accept_cpu_ms' | 'drain_cpu_ms'>

export interface WorkMeter {
  start(): Promise<void>
  /**
   * What was counted since the start, less what the idle system would have done. While the drain is paused, its
   * processes do nothing by themselves either.
   * @param drainSeconds how long the drain was not paused since the start
   */
  stop(drainSeconds: number): Promise<Counted>
}

interface Reading {
  readonly at: number
  readonly counters: WorkCounters
}

/** Watches the idle system for a moment; call it while the drain runs and nothing is on its way. */
export async function createWorkMeter({ wal, signal }: TrialContext, system: System): Promise<WorkMeter> {
  const urls = system.processes.map(({ ops_url: url }) => `${url}/metrics`)
  const read = async (): Promise<Reading> => {
    const counters = await readWorkCounters(urls, AbortSignal.timeout(SCRAPE_TIMEOUT_MS))
    return { at: performance.now(), counters }
  }
  const idleFrom = await read()
  await sleep(IDLE_SECONDS * 1_000, undefined, { signal })
  const idleUntil = await read()
  let from = idleUntil
  let position: string | null = null
  return {
    async start() {
      await wal.checkpoint()
      from = await read()
      position = await wal.readPosition()
    },
    async stop(drainSeconds) {
      const [until, end] = [await read(), await wal.readPosition()]
      const volume = await wal.readVolume(position, end)
      return {
        ...subtractIdle({ from, until, idleFrom, idleUntil }, drainSeconds),
        wal_bytes: volume?.bytes ?? null,
        wal_full_page_bytes: volume?.full_page_bytes ?? null,
      }
    },
  }
}

interface Readings {
  readonly from: Reading
  readonly until: Reading
  readonly idleFrom: Reading
  readonly idleUntil: Reading
}

function subtractIdle({ from, until, idleFrom, idleUntil }: Readings, drainSeconds: number) {
  const allSeconds = (until.at - from.at) / 1_000
  const idleSeconds = (idleUntil.at - idleFrom.at) / 1_000
  const work = subtractCounters(until.counters, from.counters)
  const idle = subtractCounters(idleUntil.counters, idleFrom.counters)
  if (work === null || idle === null) throw new RangeError('A counter ran backwards: a process was replaced')
  const perCause = (counter: keyof WorkCounters) => {
    const entries = CAUSES.map((cause) => {
      const seconds = cause === 'request' ? allSeconds : drainSeconds
      const expected = ((idle[counter][cause] ?? 0) / idleSeconds) * seconds
      // A busy loop polls less than an idle one, so that a little too much may have been expected.
      return [cause, Math.max(0, (work[counter][cause] ?? 0) - expected)]
    })
    return Object.fromEntries(entries) as Work['redis_commands']
  }
  const idlePerSecond = (counter: keyof WorkCounters) =>
    Object.values(idle[counter]).reduce((sum, count) => sum + count, 0) / idleSeconds
  return {
    redis_round_trips: perCause('redis_round_trips'),
    redis_commands: perCause('redis_commands'),
    sql_statements: perCause('sql_statements'),
    background_per_second: {
      redis_commands: idlePerSecond('redis_commands'),
      sql_statements: idlePerSecond('sql_statements'),
    },
  }
}
