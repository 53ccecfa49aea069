import { describe, expect, it } from 'vitest'
import type { Trial, Work } from '../run-file.ts'
import { exampleRun } from './example-run.ts'
import { workPerRedemption } from './work-per-redemption.ts'

const WORK: Work = {
  redemptions: 100,
  redis_round_trips: { request: 100, ledger: 10, job: 300 },
  redis_commands: { request: 700, ledger: 200, job: 900 },
  sql_statements: { request: 0, ledger: 20, job: 200 },
  background_per_second: { redis_commands: 0, sql_statements: 0 },
  wal_bytes: 50_000,
  wal_full_page_bytes: 1_000,
  accept_cpu_ms: { server: 20, postgres: 4, redis: 6, worker: 50, generator: 1000 },
  drain_cpu_ms: { server: 1, worker: 30, scheduler: 10, postgres: 25, redis: 4, mail_sink: 500 },
}

function trialWith(work: Work | null, drained = 50): Trial {
  const [trial] = exampleRun({ rounds: 1, modes: ['token-bucket'] }).trials
  if (!trial) throw new Error('the example has a trial')
  return { ...trial, work, drain: { redemptions: drained, seconds: 1 } }
}

describe('workPerRedemption', () => {
  it('divides the totals of all trials by their redemptions', () => {
    const work = workPerRedemption([trialWith(WORK), trialWith({ ...WORK, redemptions: 300 })])
    expect(work?.redis_round_trips).toEqual({ request: 0.5, ledger: 0.05, job: 1.5 })
    expect(work?.wal_bytes).toBe(250)
  })

  it('divides the CPU of the drain by what was drained, and never counts mail sink and generator', () => {
    const work = workPerRedemption([trialWith(WORK)])
    expect(work?.accept_cpu_ms).toBeCloseTo(0.3)
    expect(work?.drain_cpu_ms).toBeCloseTo(1.4)
    expect(work?.cpu_ms.server).toBeCloseTo(0.2 + 0.02)
    expect(Object.keys(work?.cpu_ms ?? {})).toEqual(['server', 'worker', 'scheduler', 'postgres', 'redis'])
  })

  it('knows no sum without the stores that somebody else runs, and no WAL that nobody told', () => {
    const { postgres: _, ...accept } = WORK.accept_cpu_ms
    const { postgres: __, ...drain } = WORK.drain_cpu_ms
    const unwatched = {
      ...WORK,
      accept_cpu_ms: accept,
      drain_cpu_ms: drain,
      wal_bytes: null,
      wal_full_page_bytes: null,
    }
    const work = workPerRedemption([trialWith(unwatched)])
    expect(work).toMatchObject({ accept_cpu_ms: null, drain_cpu_ms: null, wal_bytes: null, wal_full_page_bytes: null })
    expect(Object.keys(work?.cpu_ms ?? {})).toEqual(['server', 'worker', 'scheduler', 'redis'])
    expect(workPerRedemption([trialWith(unwatched), trialWith(WORK)])?.wal_bytes).toBe(500)
  })

  it('is absent without counted work', () => {
    expect(workPerRedemption([trialWith(null)])).toBeNull()
    expect(workPerRedemption([{ ...trialWith(WORK), status: 'failed' }])).toBeNull()
  })
})
