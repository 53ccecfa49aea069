import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { capacityRunSchema, capacitySummarySchema } from '../capacity/capacity-file.ts'
import { type CliHarness, createCliHarness } from '../testing/cli.ts'

/** So modest that any machine meets it, at each load that is tried: so it ends soon, with "at least". */
const MODEST = [
  'capacity',
  '--modes',
  'none',
  '--goal',
  'p50=10s',
  '--trial-seconds',
  '0.5',
  '--width',
  '60%',
  '--warm-up',
  '100',
  '--seed',
  '5',
]
const LONG_MS = 180_000

let cli: CliHarness
let reports: string

beforeAll(() => {
  cli = createCliHarness()
  reports = join(cli.directory, 'reports')
})

afterEach(async () => {
  await cli.stopAll()
  rmSync(reports, { recursive: true, force: true })
})

afterAll(() => cli.close())

/** The one run under `reports`, as it stands on the disk. */
function readRun() {
  const [id = ''] = readdirSync(reports)
  const read = (name: string): unknown => JSON.parse(readFileSync(join(reports, id, name), 'utf8'))
  return { id, files: readdirSync(join(reports, id)).sort(), run: capacityRunSchema.parse(read('run.json')) }
}

test('searches on the real system, keeps every trial, and `report` renders the same again', {
  timeout: LONG_MS,
}, async () => {
  const { code, stdout, stderr } = await cli.run([
    ...MODEST,
    '--start',
    '20',
    '--most',
    '30',
    '--json',
    '--out',
    reports,
  ])
  const summary = capacitySummarySchema.parse(JSON.parse(stdout))
  expect(stderr).toMatch(/none 20\/s for 0\.\d+ s: (met|INVALID|missed)/)
  expect(summary.results).toMatchObject([
    {
      mode: 'none',
      goal: 'p50=10s',
      kind: 'at least',
      lower: 30,
      upper: null,
      irregular: 'no load that was tried misses',
    },
  ])
  expect(code).toBe(0)

  const { id, files, run } = readRun()
  expect(files).toEqual(['report.html', 'report.md', 'run.json', 'summary.json'])
  expect(run).toMatchObject({ status: 'complete', ended: [{ search: 1, mode: 'none', why: 'every goal is settled' }] })
  expect(run.trials).toHaveLength(summary.trials.length)
  for (const { loads, invariants, burst } of run.trials) {
    expect(loads.map(({ name, schedule }) => [name, schedule !== null])).toEqual([['running', true]])
    expect(invariants.filter(({ examined, broken }) => examined === 0 || broken.length > 0)).toEqual([])
    expect(burst).toMatchObject({ uses: 10, accepted: 10 })
  }

  const again = await cli.run(['report', id, '--out', reports, '--json'])
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(stdout))
  expect(cli.listRuns()).toEqual([])
})

test('an interrupted search keeps what was measured, and says so', { timeout: LONG_MS }, async () => {
  const running = cli.start([...MODEST, '--closed', '--accept-only', '--start', '2', '--out', reports])
  await running.awaitOutput(/none 2 connections for 0\.\d+ s: /)
  running.kill('SIGINT')
  const { code, stdout } = await running.ended
  expect(code).toBe(130)
  expect(stdout).toContain('It was interrupted: what was measured until then is kept.')
  const { run } = readRun()
  expect(run).toMatchObject({ status: 'interrupted', ended: [] })
  expect(run.trials[0]?.loads.map(({ name }) => name)).toEqual(['paused'])
  expect(cli.listRuns()).toEqual([])
})

test('wrong use ends with 2 and a line that names the value', async () => {
  const goal = await cli.run(['capacity', '--goal', 'p99=fast'])
  expect(goal).toMatchObject({ code: 2, stderr: expect.stringContaining("'p99=fast'") })
  const range = await cli.run(['capacity', '--start', '50', '--most', '20', '--out', reports])
  expect(range).toMatchObject({ code: 2, stderr: expect.stringContaining('--start 50 is more than') })
})
