import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readProcessTable } from '../measure/proc.ts'
import { openPointBench, type PointBench } from './point-bench.ts'
import type { Point } from './points-file.ts'

const PROFILE = { servers: 1, workers: 1, concurrency: 10, pool: 4, semaphore: 10, redis_connections: 1 }
const POINT: Point = {
  name: '2 at a time',
  mode: 'redis-semaphore',
  profile: PROFILE,
  codes: 1,
  polls: 0,
  think_ms: 0,
  connections: 2,
  arrivals: null,
  db_latency_ms: 0,
  redis_latency_ms: 0,
  drain: 'running',
  warm_up: 0.2,
  warm_up_people: 0,
  duration: 0.5,
}

let bench: PointBench
beforeAll(async () => {
  bench = await openPointBench({
    runId: 'test-point-bench',
    profile: PROFILE,
    allowNonempty: false,
    seed: 1,
    onSample: () => undefined,
    say: () => undefined,
    signal: new AbortController().signal,
  })
})
afterAll(() => bench?.close())

/** Children of this process that were not there before. */
function childrenSince(before: ReadonlySet<number>): number[] {
  const all = [...(readProcessTable() ?? [])]
  return all.flatMap(([pid, { parent }]) => (parent === process.pid && !before.has(pid) ? [pid] : []))
}

test('a system whose process died makes one failed trial, and the next has fresh processes', async () => {
  const before = new Set(childrenSince(new Set()))
  const measure = (position: number) => bench.measure(POINT, { round: 1, position })
  try {
    expect(await measure(1)).toMatchObject({ failure: null, trials_before: 0 })
    expect(await measure(2)).toMatchObject({ failure: null, trials_before: 1 })
    const children = childrenSince(before)
    for (const pid of children) expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain('--no-memory-reducer')
    const [first] = children
    process.kill(first as number, 'SIGKILL')
    expect(await measure(3)).toMatchObject({
      status: 'failed',
      failure: expect.stringMatching(/SIGKILL|does not answer|died/),
    })
    expect(await measure(4)).toMatchObject({ failure: null, trials_before: 0 })
  } finally {
    await bench.endProcesses()
  }
  expect(childrenSince(before)).toEqual([])
})

test('points of another size have processes of their own', async () => {
  try {
    const larger = { ...POINT, name: 'pool 5', profile: { ...PROFILE, pool: 5 } }
    expect(await bench.measure(POINT, { round: 1, position: 1 })).toMatchObject({ failure: null, trials_before: 0 })
    expect(await bench.measure(larger, { round: 1, position: 2 })).toMatchObject({ failure: null, trials_before: 0 })
  } finally {
    await bench.endProcesses()
  }
})
