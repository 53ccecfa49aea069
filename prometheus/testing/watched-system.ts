import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { type DemoSystem, startDemoSystem } from '../../loadtests/sut/demo-system.ts'
import { createRunDirectory, type RunDirectory } from '../../loadtests/sut/run-directory.ts'
import type { SystemDescription } from '../../loadtests/sut/system-description.ts'

export interface WatchedSystem {
  readonly directory: RunDirectory
  readonly system: SystemDescription
  /** Of an open waiting room. */
  readonly activityId: string
  /** What each of its processes exposes right now. */
  readExpositions(): Promise<string[]>
  stop(): Promise<void>
}

/** The whole system with two server processes on one port, after somebody redeemed and entered a waiting room. */
export async function startWatchedSystem(): Promise<WatchedSystem> {
  const directory = createRunDirectory(`watched-${randomBytes(6).toString('hex')}`)
  let demo: DemoSystem | undefined
  const stop = async () => {
    await demo?.stop()
    await directory.remove()
  }
  try {
    demo = await startDemoSystem({
      directory,
      mode: 'token-bucket',
      profile: { servers: 2, workers: 1, concurrency: 20, pool: 10, semaphore: 10, redis_connections: 1 },
      port: 0,
      ipLimit: 0,
      allowNonempty: false,
      dbLatencyMs: 0,
      redisLatencyMs: 0,
    })
    const system = demo.description
    const activityId = await openRoom(system)
    await visit(system, activityId)
    await refreshSeats(system)
    return { directory, system, activityId, readExpositions: () => readExpositions(system), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What a job does every five minutes. */
async function refreshSeats({ database_url: connectionString }: SystemDescription): Promise<void> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query('REFRESH MATERIALIZED VIEW team_seat_stats').finally(() => client.end())
}

function readExpositions({ metrics_urls: urls }: SystemDescription): Promise<string[]> {
  return Promise.all(urls.map(async ({ url }) => (await fetch(url)).text()))
}

/** One person redeems, enters the waiting room and looks where they stand. */
export async function visit(system: SystemDescription, activityId: string): Promise<void> {
  const person = randomBytes(8).toString('hex')
  const post = (path: string, body: object) =>
    fetch(`${system.url}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
  const redeemed = await post('public/direct-redeem', { email: `${person}@example.com`, code: system.sample_code })
  await redeemed.text()
  const entered = await post('queue/enter', { activity_id: activityId, user_hash: person })
  const place = (await entered.json()) as { session_id?: string }
  if (place.session_id === undefined) return
  const query = new URLSearchParams({ activity_id: activityId, session_id: place.session_id })
  await (await fetch(`${system.url}/api/v1/queue/status?${query}`)).text()
}

/** @returns the id of an open activity that releases one person per second */
async function openRoom({ url, admin_token: token }: SystemDescription): Promise<string> {
  const ask = async (method: string, path: string, body: object) => {
    const response = await fetch(`${url}/api/v1/admin/activities${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`activities${path} answered ${response.status}: ${await response.text()}`)
    return (await response.json()) as { id: string }
  }
  const { id } = await ask('POST', '', { name: 'watched', release_per_second: 1 })
  await ask('POST', `/${id}/open`, {})
  return id
}
