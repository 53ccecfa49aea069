import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { z } from 'zod'
import { InvalidRunError } from '../errors.ts'
import { parsePrometheusText, sumOf } from '../measure/prometheus-text.ts'
import { askJson, askText } from './ask-json.ts'
import type { System } from './system.ts'

const POLL_MS = 200
/** Of codes in one question to a server. */
const PAGE = 5_000
const HEADERS = { 'content-type': 'application/json' }

/** Counting all of them each time would be a cost of its own in what is measured. */
const IS_ANY_UNFINISHED = `
SELECT EXISTS (SELECT FROM redemptions WHERE unfinished) OR EXISTS (SELECT FROM outbox WHERE status = 'pending') AS any`

const drainSchema = z.object({ paused: z.boolean() })

/** Stops or resumes everything behind the acceptance: ledger consumer, relay, sweeper, invite jobs. */
export async function setDrain(system: System, paused: boolean): Promise<void> {
  const urls = [...system.opsUrls('scheduler'), ...system.opsUrls('worker')]
  const body = JSON.stringify({ paused })
  await Promise.all(urls.map((url) => askJson(`${url}/drain`, drainSchema, { method: 'PUT', headers: HEADERS, body })))
}

/**
 * True while a redemption is on its way: in the streams, in the outbox, or not at its end. The tables are asked first,
 * because that is cheap, and once more after the streams: what left those meanwhile is a row by then.
 */
async function isInFlight(schedulerUrl: string, client: pg.Client): Promise<boolean> {
  const isAnyUnfinished = async () => (await client.query<{ any: boolean }>(IS_ANY_UNFINISHED)).rows[0]?.any ?? true
  return (await isAnyUnfinished()) || (await isAnyInStreams(schedulerUrl)) || (await isAnyUnfinished())
}

async function isAnyInStreams(schedulerUrl: string): Promise<boolean> {
  const text = await askText(`${schedulerUrl}/metrics`)
  if (!text.includes('invite_queue_size'))
    throw new InvalidRunError(`${schedulerUrl}/metrics does not say how long the streams are: it is no scheduler`)
  // The gauge is empty when its reading failed this time: then nobody knows, and it is asked again.
  return sumOf(parsePrometheusText(text), 'invite_queue_size', { status: 'stream' }) !== 0
}

export interface DrainWait {
  readonly drained: boolean
  readonly seconds: number
}

/**
 * Waits until nothing is on its way any more, or the time is up.
 * @param schedulerUrl operations port of a scheduler
 */
export async function waitUntilDrained(
  schedulerUrl: string,
  client: pg.Client,
  limitSeconds: number,
  signal: AbortSignal,
): Promise<DrainWait> {
  const startedAt = performance.now()
  for (;;) {
    const drained = !(await isInFlight(schedulerUrl, client))
    const seconds = (performance.now() - startedAt) / 1000
    if (drained || seconds > limitSeconds) return { drained, seconds }
    await sleep(POLL_MS, undefined, { signal })
  }
}

const liveJobsSchema = z.object({ live: z.array(z.string()) })

/** Ids of the invite jobs that stand in the queue or are being worked on. */
export async function readLiveJobs(schedulerUrl: string): Promise<string[]> {
  return (await askJson(`${schedulerUrl}/jobs`, liveJobsSchema)).live
}

const bucketsSchema = z.record(z.string(), z.number().nullable())

/** Uses left by the buckets' own count; null for a code without a valid bucket. */
export async function readBuckets(serverUrl: string, codes: readonly string[]): Promise<Record<string, number | null>> {
  const buckets: Record<string, number | null> = {}
  for (let start = 0; start < codes.length; start += PAGE) {
    const body = JSON.stringify({ codes: codes.slice(start, start + PAGE) })
    Object.assign(
      buckets,
      await askJson(`${serverUrl}/buckets`, bucketsSchema, { method: 'POST', headers: HEADERS, body }),
    )
  }
  return buckets
}
