import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blockSchema } from '../study/study-file.ts'
import { type CliHarness, createCliHarness } from '../testing/cli.ts'

const SMALL = ['study', 'aa', '--rounds', '5', '--slices', '1', '--requests', '2', '--json']
const LONG_MS = 180_000

let cli: CliHarness
let reports: string

beforeAll(() => {
  cli = createCliHarness()
  reports = join(cli.directory, 'reports')
  mkdirSync(reports)
})

afterAll(() => cli.close())

function readBlocks() {
  const [id = ''] = readdirSync(reports)
  const directory = join(reports, id)
  const lines = readFileSync(join(directory, 'trials.jsonl'), 'utf8').trim().split('\n')
  return { directory, blocks: lines.map((line) => blockSchema.parse(JSON.parse(line))) }
}

test('injects into the real server what it says, leaves nothing running, and is resumed', {
  timeout: LONG_MS,
}, async () => {
  const first = await cli.run([...SMALL, '--blocks', '1', '--out', reports])
  expect(first.stderr).toContain('block 1 of 1')
  const { directory, blocks } = readBlocks()
  const [block] = blocks
  expect(block?.figures).toHaveLength(5 * 9)
  expect(block?.figures.every(({ accepted, errors }) => accepted === 2 && errors === 0)).toBe(true)
  const commands = Object.fromEntries(
    block?.counted.map((one) => [one.variant, one.redis_commands / one.accepted]) ?? [],
  )
  expect(commands['extra-command']).toBeCloseTo(2, 1)
  expect(commands['A1']).toBeCloseTo(1, 1)
  const injected = (variant: string) =>
    block?.figures.filter((one) => one.variant === variant).map((one) => one.injected_us)
  expect(injected('A1')).toEqual(Array(5).fill(0))
  for (const microseconds of injected('slow-10') ?? []) expect(microseconds).toBeGreaterThan(0)
  expect(cli.listRuns()).toEqual([])

  const again = await cli.run([...SMALL, '--blocks', '2', '--resume', directory])
  expect(again.stderr).toContain('block 2 of 2')
  expect(readBlocks().blocks.map((one) => one.block)).toEqual([1, 2])
  expect(JSON.parse(again.stdout)).toMatchObject({ study: 'aa', blocks: 2, same: { together: { of: 6 } } })
})

test('keeps whole blocks when it is interrupted', { timeout: LONG_MS }, async () => {
  const out = join(cli.directory, 'interrupted')
  const running = cli.start([...SMALL, '--blocks', '50', '--out', out])
  await running.awaitOutput(/block 1 of 50/)
  running.kill('SIGINT')
  const ended = await running.ended
  expect(ended.code).toBe(130)
  expect(JSON.parse(ended.stdout).blocks).toBeGreaterThanOrEqual(1)
  expect(cli.listRuns()).toEqual([])
})

test('refuses to measure nothing, and to go on with what is no study', async () => {
  expect(await cli.run([...SMALL, '--blocks', '0'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--blocks 0 measures nothing'),
  })
  const ended = await cli.run([...SMALL, '--resume', reports])
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('plan.json cannot be read (ENOENT)') })
})
