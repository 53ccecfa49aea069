import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { z } from 'zod'
import { InvalidRunError } from '../errors.ts'
import { scrape, sumOf } from '../measure/prometheus-text.ts'
import type { System } from './system.ts'

const REQUEST_TIMEOUT_MS = 30_000
const POLL_MS = 50

const COUNT_UNFINISHED = `
SELECT (SELECT count(*)::int FROM redemptions WHERE unfinished) AS unfinished,
       (SELECT count(*)::int FROM outbox WHERE status = 'pending') AS pending`

/** Stops or resumes everything behind the acceptance: ledger consumer, relay, sweeper, invite jobs. */
export async function setDrain(system: System, paused: boolean): Promise<void> {
  const urls = [...system.opsUrls('scheduler'), ...system.opsUrls('worker')]
  await Promise.all(
    urls.map(async (url) => {
      const response = await fetch(`${url}/drain`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ paused }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      })
      if (!response.ok) throw new InvalidRunError(`${url}/drain answered ${response.status}`)
    }),
  )
}

/** Redemptions that are on their way: in the streams, in the outbox, or not at their end. */
export async function countInFlight(system: System, client: pg.Client): Promise<number> {
  const [scheduler] = system.opsUrls('scheduler')
  const metrics = await scrape(`${scheduler}/metrics`, AbortSignal.timeout(REQUEST_TIMEOUT_MS))
  const stream = sumOf(metrics, 'invite_queue_size', { status: 'stream' })
  if (stream === null) throw new InvalidRunError('The scheduler does not say how long its streams are')
  // After the streams: what left them meanwhile is a row by now.
  const { rows } = await client.query<{ unfinished: number; pending: number }>(COUNT_UNFINISHED)
  return stream + (rows[0]?.unfinished ?? 0) + (rows[0]?.pending ?? 0)
}

export interface DrainWait {
  readonly drained: boolean
  readonly seconds: number
}

/** Waits until nothing is on its way any more, or the time is up. */
export async function waitUntilDrained(
  system: System,
  client: pg.Client,
  limitSeconds: number,
  signal: AbortSignal,
): Promise<DrainWait> {
  const startedAt = performance.now()
  for (;;) {
    const drained = (await countInFlight(system, client)) === 0
    const seconds = (performance.now() - startedAt) / 1000
    if (drained || seconds > limitSeconds) return { drained, seconds }
    await sleep(POLL_MS, undefined, { signal })
  }
}

const liveJobsSchema = z.object({ live: z.array(z.string()) })

/** Ids of the invite jobs that stand in the queue or are being worked on. */
export async function readLiveJobs(schedulerUrl: string): Promise<string[]> {
  const response = await fetch(`${schedulerUrl}/jobs`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) })
  return liveJobsSchema.parse(await response.json()).live
}

const bucketsSchema = z.record(z.string(), z.number().nullable())

/** Uses left by the buckets' own count; null for a code without a valid bucket. */
export async function readBuckets(serverUrl: string, codes: readonly string[]): Promise<Record<string, number | null>> {
  const response = await fetch(`${serverUrl}/buckets`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ codes }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  return bucketsSchema.parse(await response.json())
}
