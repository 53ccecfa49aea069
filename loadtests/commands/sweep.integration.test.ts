import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { pointsRunSchema } from '../points/points-file.ts'
import { type SweepSummary, sweepSummarySchema } from '../sweep/sweep-file.ts'
import { createCliHarness, type Ended } from '../testing/cli.ts'

const cli = createCliHarness()
const out = join(cli.directory, 'reports')
const CHOICES = ['--vary', 'pool=1,3', '--mode', 'none', '--connections', '6', '--db-latency', '5ms']
let swept: Ended
let summary: SweepSummary
let directory: string

beforeAll(async () => {
  const short = ['--rounds', '1', '--duration', '3', '--quick', '--seed', '3', '--out', out, '--json']
  swept = await cli.run(['sweep', ...CHOICES, ...short])
  expect(swept.stderr).not.toContain('FAILED')
  summary = sweepSummarySchema.parse(JSON.parse(swept.stdout))
  directory = join(out, summary.run_id)
})
afterEach(() => cli.stopAll())
afterAll(() => cli.close())

const read = (file: string) => readFileSync(join(directory, file), 'utf8')

test('tries each pool on a real system, and keeps what was measured', () => {
  expect(swept.code).toBe(0)
  const run = pointsRunSchema.parse(JSON.parse(read('run.json')))
  expect(run.trials.map(({ profile, status }) => [profile, status]).sort()).toEqual([
    ['pool 1', 'ok'],
    ['pool 3', 'ok'],
  ])
  expect(run.repeat_with).toContain('--vary pool=1,3 --mode none --connections 6')
  expect(JSON.parse(read('summary.json'))).toEqual(summary)
  expect(cli.listRuns()).toEqual([])
})

test('each reading of the pools is there, and no more connections are in use than there are', () => {
  for (const { values, pool, broken_invariants: broken, ids_examined: examined } of summary.points) {
    expect(pool?.busy.median).toBeGreaterThan(0)
    // Readings come each second, so that a third of one may be of before or after a load.
    expect(pool?.busy.median).toBeLessThanOrEqual(1.25 * (values.pool ?? 0))
    // Each statement goes through the delay of 5 ms.
    expect(pool?.hold_ms.median).toBeGreaterThan(5)
    expect(pool?.agreement).not.toBeNull()
    expect(broken).toEqual([])
    expect(examined).toBeGreaterThan(0)
  }
  expect(summary.pool_curve).not.toBeNull()
  expect(summary.recommendation?.told).toContain('fewer than 5 rounds')
})

test('renders the run again from its files', async () => {
  const html = read('report.html')
  const again = await cli.run(['report', directory, '--json'])
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toEqual(summary)
  expect(read('report.html')).toBe(html)
  expect(html).toContain('Wait for a connection, and its hold')
  expect(html).not.toMatch(/<(script|link|img)|https?:\/\//)
  expect(read('report.md')).toContain('| pool 3 |')
})

test('says what is wrong', async () => {
  const wrong = await cli.run(['sweep', '--vary', 'pol=1,2'])
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean pool?') })
  const both = await cli.run(['sweep', '--profiles', '--vary', 'pool=1,2'])
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('--profiles decides by itself') })
})
