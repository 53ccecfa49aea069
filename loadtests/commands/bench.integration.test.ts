import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { planPositions } from '../measure/run-rounds.ts'
import { runSchema, type Subject, summarySchema } from '../run-file.ts'
import { type CliHarness, createCliHarness } from '../testing/cli.ts'

const SHORT = ['bench', '--quick', '--rounds', '1', '--connections', '10', '--warm-up', '0', '--json']
const BENCH = [...SHORT, '--modes', 'none', '--duration', '0.2']
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

/** The seed with which this subject is tried first. */
function seedFor(first: Subject): string {
  for (let seed = 0; ; seed++) {
    const [position] = planPositions({ modes: ['none', 'ceiling'], rounds: 1, seed })
    if (position?.mode === first) return String(seed)
  }
}

/** The one run under `reports`, as it stands on the disk. */
function readRun() {
  const [id = ''] = readdirSync(reports)
  const files = readdirSync(join(reports, id)).sort()
  return { id, files, run: runSchema.parse(JSON.parse(readFileSync(join(reports, id, 'run.json'), 'utf8'))) }
}

test('two modes in one round: all held, all reports, exit 0; and `report` renders the same again', {
  timeout: LONG_MS,
}, async () => {
  const { code, stdout, stderr } = await cli.run([
    ...SHORT,
    '--modes',
    'none,token-bucket',
    '--duration',
    '0.5',
    '--out',
    reports,
  ])
  expect(stderr).not.toContain('FAILED')
  const summary = summarySchema.parse(JSON.parse(stdout))
  expect(summary.results.map(({ mode }) => mode)).toEqual(['none', 'token-bucket', 'ceiling'])
  for (const { mode, invariants, work_per_redemption: work } of summary.results.slice(0, 2)) {
    expect(invariants.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10, 12])
    expect(invariants.filter(({ examined, broken }) => examined === 0 || broken.length > 0)).toEqual([])
    expect(work?.redis_round_trips.request).toBeCloseTo(mode === 'token-bucket' ? 1 : 0, 1)
    if (mode === 'token-bucket') expect(work?.sql_statements.request).toBeCloseTo(0, 1)
  }
  expect(code).toBe(0)

  const { id, files, run } = readRun()
  expect(files).toEqual(['junit.xml', 'report.html', 'report.md', 'run.json', 'summary.json'])
  expect(run).toMatchObject({ run_id: summary.run_id, status: 'complete' })
  const bursts = run.trials.flatMap(({ burst }) => burst ?? [])
  expect(bursts).toEqual(bursts.map(() => ({ requests: 200, uses: 10, accepted: 10, refused: 190, errors: 0 })))
  expect(bursts).toHaveLength(2)
  expect(run.trials.every(({ samples, loads }) => samples.length > 0 && loads.length > 0)).toBe(true)

  const again = await cli.run(['report', id, '--out', reports, '--json'])
  expect(again.code).toBe(0)
  expect(JSON.parse(again.stdout)).toEqual(JSON.parse(stdout))
  expect(cli.listRuns()).toEqual([])
})

test.each([
  ['personal-codes', ['token-bucket'], [], [1, 2, 3, 4, 5, 6, 7, 8, 10, 12]],
  ['waiting-room', ['none'], [], [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15]],
  ['users-once', ['none'], ['--users', '60'], [1, 2, 3, 4, 5, 6, 7, 8, 10, 12]],
])('%s: all held, and nothing of the guide that is not about it is missed', { timeout: LONG_MS }, async (...row) => {
  const [scenario, modes, more, numbers] = row
  const shape = more.length > 0 ? more : ['--duration', '0.2', '--connections', '10']
  const args = ['bench', '--quick', '--rounds', '1', '--json', '--scenario', scenario, '--modes', modes.join(',')]
  const { code, stdout, stderr } = await cli.run([...args, ...shape, '--out', reports])
  expect(stderr).not.toContain('FAILED')
  const { results, targets } = summarySchema.parse(JSON.parse(stdout))
  expect(results[0]?.invariants.map(({ number }) => number)).toEqual(numbers)
  expect(results[0]?.invariants.filter(({ examined, broken }) => examined === 0 || broken.length > 0)).toEqual([])
  expect(targets.find(({ name }) => name.includes('over row lock'))?.verdict).toBe('not applicable')
  expect(code).toBe(0)
  const { files, run } = readRun()
  expect(files).toEqual(['junit.xml', 'report.html', 'report.md', 'run.json', 'summary.json'])
  expect(run.environment.notes.join()).toContain('limits per client: off')
  expect(cli.listRuns()).toEqual([])
})

test('a server that dies: its trial failed, the run goes on, the reports are written, exit 3', {
  timeout: LONG_MS,
}, async () => {
  const running = cli.start([...BENCH, '--out', reports, '--seed', seedFor('none')])
  await running.awaitOutput(/trial 1\/2, round 1: none/)
  process.kill(await awaitLoadedServer(), 'SIGKILL')
  const { code, stdout, stderr } = await running.ended
  expect(stderr).toMatch(/1\/2 none +FAILED: server ended \(SIGKILL\)/)
  expect(
    JSON.parse(stdout).results.map(({ mode, failed_trials: failed }: Record<string, unknown>) => [mode, failed]),
  ).toEqual([
    ['none', 1],
    ['ceiling', 0],
  ])
  expect(code).toBe(3)
  const { files, run } = readRun()
  expect(run.trials.map(({ status }) => status)).toEqual(['failed', 'ok'])
  expect(files.includes('report.html')).toBe(true)
  expect(cli.listRuns()).toEqual([])
})

/** Its pid, once it is under load: a trial writes down the answers of its loads. */
async function awaitLoadedServer(): Promise<number> {
  for (;;) {
    const [run] = cli.listRuns()
    const server = run?.owner?.children.find(({ command }) => command.startsWith('server:'))
    if (server && readdirSync(run?.path ?? '').some((file) => file.startsWith('answers-'))) return server.pid
    await sleep(20)
  }
}

test('Ctrl-C: what was measured is kept and shown, exit 130', { timeout: LONG_MS }, async () => {
  const running = cli.start([...BENCH, '--out', reports, '--seed', seedFor('ceiling')])
  await running.awaitOutput(/trial 2\/2, round 1: none/)
  await awaitLoadedServer()
  running.kill('SIGINT')
  const { code, stdout, stderr } = await running.ended
  expect(stderr).toContain('SIGINT: stopping, what was measured is kept')
  expect(JSON.parse(stdout)).toMatchObject({ status: 'interrupted', results: [{ mode: 'ceiling', trials: 1 }] })
  expect(code).toBe(130)
  const { files, run } = readRun()
  expect(run).toMatchObject({ status: 'interrupted', trials: [{ mode: 'ceiling', status: 'ok' }] })
  expect(files.includes('report.html')).toBe(true)
  expect(cli.listRuns()).toEqual([])
})

test('SIGTERM before the first trial: exit 143, and no empty run is left', async () => {
  const running = cli.start([...BENCH, '--out', reports])
  await running.awaitOutput(/starting Postgres/)
  running.kill('SIGTERM')
  const { code, stderr } = await running.ended
  expect(stderr).toContain('redline: interrupted by SIGTERM')
  expect(code).toBe(143)
  expect(readdirSync(reports)).toEqual([])
  expect(cli.listRuns()).toEqual([])
})

test('a full disk: the result is shown, what fits is kept, exit 3', { timeout: LONG_MS }, async (context) => {
  mkdirSync(reports)
  // Enough for run.json and summary.json, too little for report.html.
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', reports], { encoding: 'utf8' })
  if (mounted.status !== 0) {
    const why = `a full disk cannot be provoked here: ${mounted.stderr || mounted.error?.message}`.trim()
    process.stderr.write(`skipped: ${why}\n`)
    context.skip(why)
  }
  try {
    const { code, stdout, stderr } = await cli.run([...BENCH, '--out', reports, '--json'])
    expect(stderr).toMatch(/redline: the disk is full \(ENOSPC.*what was measured until then is kept/)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'complete' })
    expect(code).toBe(3)
    const { files, run } = readRun()
    expect(run).toMatchObject({ status: 'complete', trials: [{ status: 'ok' }, { status: 'ok' }] })
    expect(files).toEqual(['report.md', 'run.json', 'summary.json'])
    expect(cli.listRuns()).toEqual([])
  } finally {
    spawnSync('umount', [reports])
  }
})
