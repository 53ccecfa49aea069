import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { exampleRun } from '../analysis/example-run.ts'
import { summarySchema } from '../run-file.ts'
import { createReportCommand, findRunFile, readRun } from './report.ts'

let reports: string
beforeEach(async () => {
  reports = await mkdtemp(join(tmpdir(), 'redline-runs-'))
  await mkdir(join(reports, 'run-1'))
  await writeFile(join(reports, 'run-1', 'run.json'), JSON.stringify(exampleRun({ rounds: 3 })))
})
afterEach(async () => {
  vi.restoreAllMocks()
  process.exitCode = 0
  await rm(reports, { recursive: true, force: true })
})

describe('findRunFile', () => {
  it('takes a file, a directory or an id', async () => {
    const file = join(reports, 'run-1', 'run.json')
    expect(await findRunFile(file, 'elsewhere')).toBe(file)
    expect(await findRunFile(join(reports, 'run-1'), 'elsewhere')).toBe(file)
    expect(await findRunFile('run-1', reports)).toBe(file)
  })

  it('names the runs that exist when the one asked for does not', async () => {
    await expect(findRunFile('run-2', reports)).rejects.toMatchObject({
      exitCode: 2,
      message: /no run "run-2".*: run-1$/,
    })
  })
})

describe('readRun', () => {
  it.each([
    ['not JSON', '{', /broken\.json is not JSON: /],
    ['another shape', '{"schema": 1}', /broken\.json is not a run of this version:\n {2}run_id: /],
    [
      'a run of another command',
      JSON.stringify({ command: 'capacity', schema: 1 }),
      /but one of capacity: give one of bench or load/,
    ],
    ['another version', JSON.stringify({ ...exampleRun({ rounds: 0 }), schema: 9 }), /schema: .*expected 1/],
  ])('says what is wrong with %s', async (_, text, message) => {
    const file = join(reports, 'broken.json')
    await writeFile(file, text)
    await expect(readRun(file)).rejects.toMatchObject({ exitCode: 2, message })
  })
})

describe('report', () => {
  it('reads a run of the first version, which knew neither steps nor shapes', async () => {
    const run = await readRun(fileURLToPath(new URL('../testing/fixtures/run-schema-1.json', import.meta.url)))
    expect(run.plan).toMatchObject({ people: null, paced: false })
    expect(run.trials[0]?.loads[0]).toMatchObject({ served: 0, steps: {} })
  })

  async function run(...words: string[]): Promise<string> {
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    await createReportCommand().parseAsync(words, { from: 'user' })
    return printed.mock.calls.map(([text]) => String(text)).join('')
  }

  it('prints the summary alone with --json, writes the files, and leaves the gate open without --gate', async () => {
    const summary = summarySchema.parse(JSON.parse(await run('run-1', '--out', reports, '--json')))
    expect(summary.targets.some((target) => target.verdict === 'missed')).toBe(true)
    expect(await readFile(join(reports, 'run-1', 'report.html'), 'utf8')).toContain('<!doctype html>')
    expect(process.exitCode).toBe(0)
  })

  it('judges a run by the targets that it was made with, unless others are named', async () => {
    const own = { name: 'ours', measure: 'accepted_per_second', modes: ['none'], at_least: 1, unit: '/s' }
    const file = join(reports, 'run-1', 'targets.json')
    await writeFile(file, JSON.stringify({ schema: 1, name: 'own', targets: [own] }))
    const names = async (...words: string[]) => {
      const summary = summarySchema.parse(JSON.parse(await run('run-1', '--out', reports, '--json', ...words)))
      return summary.targets.map(({ name }) => name)
    }
    expect(await names()).toEqual(['ours'])
    await writeFile(
      join(reports, 'others.json'),
      await readFile(file, 'utf8').then((text) => text.replace('ours', 'theirs')),
    )
    vi.restoreAllMocks()
    expect(await names('--targets', join(reports, 'others.json'))).toEqual(['theirs'])
  })

  it('exits with 1 behind the gate when a target was missed', async () => {
    expect(await run('run-1', '--out', reports, '--gate')).toContain('✗ missed')
    expect(process.exitCode).toBe(1)
  })

  it('calls a histogram that cannot be read a fault of the file', async () => {
    const broken = exampleRun({ rounds: 1 })
    const trials = broken.trials.map((trial) => ({ ...trial, end_to_end_histogram: 'bm90IG9uZQ==' }))
    await writeFile(join(reports, 'run-1', 'run.json'), JSON.stringify({ ...broken, trials }))
    await expect(run('run-1', '--out', reports)).rejects.toMatchObject({ exitCode: 2, message: /run\.json: not a/ })
  })
})
