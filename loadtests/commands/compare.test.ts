import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { exampleRun } from '../analysis/example-run.ts'
import { comparisonSchema, historySchema } from '../compare-file.ts'
import type { Run } from '../run-file.ts'
import { createCompareCommand } from './compare.ts'

let directory: string
let stdout: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'compare-test-'))
  stdout = ''
  vi.stubEnv('GITHUB_STEP_SUMMARY', '')
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text)
    return true
  })
  await save('a', run(1))
  await save('b', run(2))
  await save('slow', slowed(run(2)))
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  process.exitCode = 0
  await rm(directory, { recursive: true, force: true })
})

function run(seed: number): Run {
  return { ...exampleRun({ rounds: 6, seed, modes: ['none', 'ceiling'] }), run_id: `run-${seed}` }
}

function slowed(before: Run): Run {
  const trials = before.trials.map((trial) => ({
    ...trial,
    loads: trial.loads.map((load) => ({ ...load, seconds: trial.mode === 'none' ? 2 * load.seconds : load.seconds })),
  }))
  return { ...before, run_id: 'slow', trials }
}

const fileOf = (name: string) => join(directory, `${name}.json`)
const save = (name: string, content: unknown) => writeFile(fileOf(name), JSON.stringify(content))
const compare = (...args: string[]) => createCompareCommand().parseAsync(args, { from: 'user' })

describe('compare', () => {
  it('prints verdict and table, and ends with 0 where nothing changed', async () => {
    await compare(fileOf('a'), fileOf('b'), '--gate')
    expect(stdout).toMatch(/^No difference seen in \d+ figures/)
    expect(stdout).toMatch(/none +accepted\/s/)
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
    expect(process.exitCode ?? 0).toBe(0)
  })

  it('ends with 1 on a regression, but only with the gate', async () => {
    await compare(fileOf('a'), fileOf('slow'))
    expect(process.exitCode ?? 0).toBe(0)
    await compare('--baseline', fileOf('a'), fileOf('slow'), '--gate')
    expect(process.exitCode).toBe(1)
    await compare(fileOf('slow'), fileOf('a'), '--gate')
    expect(process.exitCode).toBe(0)
  })

  it('leaves out what a gate refuses, and says so', async () => {
    const jumped = run(2).trials.map((trial) => ({
      ...trial,
      loads: trial.loads.map((load) => ({ ...load, clock_step_ms: trial.round === 1 ? 60_000 : 0 })),
    }))
    await save('jumped', { ...run(2), trials: jumped })
    await compare(fileOf('a'), fileOf('jumped'), '--json')
    const { warnings } = comparisonSchema.parse(JSON.parse(stdout))
    expect(warnings.join()).toMatch(/run-2: 2 of 12 trials left out, the first because the wall clock jumped/)
  })

  it('names the file whose histograms cannot be read', async () => {
    const damaged = run(2).trials.map((trial) => ({
      ...trial,
      loads: trial.loads.map((load) => ({ ...load, histogram: 'HISTFAAA' })),
    }))
    await save('damaged', { ...run(2), trials: damaged })
    await expect(compare(fileOf('a'), fileOf('damaged'))).rejects.toMatchObject({
      exitCode: 2,
      message: /damaged\.json/,
    })
  })

  it('ends with 3 when nothing can be concluded', async () => {
    await save('short', exampleRun({ rounds: 2, modes: ['none', 'ceiling'] }))
    await compare(fileOf('a'), fileOf('short'), '--gate')
    expect(process.exitCode).toBe(3)
  })

  it('writes JSON, Markdown and JUnit, and adds to the summary of the step', async () => {
    const [markdown, junit, step] = [fileOf('comment'), fileOf('junit'), fileOf('step')]
    await writeFile(step, 'before\n')
    vi.stubEnv('GITHUB_STEP_SUMMARY', step)
    await compare(fileOf('a'), fileOf('slow'), '--json', '--markdown', markdown, '--junit', junit)
    const comparison = comparisonSchema.parse(JSON.parse(stdout))
    expect(comparison).toMatchObject({ outcome: 'regression', first: { run_id: 'run-1' }, second: { run_id: 'slow' } })
    const text = await readFile(markdown, 'utf8')
    expect(text).toContain(`**${comparison.verdict}**`)
    expect(text).toMatch(/\| none \| accepted\/s \|.*\| worse \|/)
    expect(await readFile(step, 'utf8')).toBe(`before\n${text}\n`)
    const xml = await readFile(junit, 'utf8')
    expect(xml).toContain('<testcase classname="hot-code.none" name="accepted/s"><failure message="worse: ')
    expect(xml.match(/<testcase/g)).toHaveLength(comparison.rows.length)
  })

  it('shows a history of several runs', async () => {
    await compare(fileOf('a'), fileOf('b'), fileOf('slow'), '--json')
    expect(historySchema.parse(JSON.parse(stdout)).runs).toHaveLength(3)
    await expect(compare(fileOf('a'), fileOf('b'), fileOf('slow'), '--gate')).rejects.toMatchObject({ exitCode: 2 })
  })

  it.each([
    ['half-written', '{"schema":2,"run_id":"x","tri', /odd\.json is not JSON: .*copy it again/],
    ['empty', '', /odd\.json is not JSON/],
    ['foreign', '{"name":"redline","version":"1.0.0"}', /odd\.json is not a run .*Redline did not write it/],
    ['a summary', '{"schema":2,"results":[],"verdict":"fine"}', /odd\.json is .* a summary: give the run\.json/],
    ['newer', JSON.stringify({ ...exampleRun({ rounds: 0 }), schema: 99 }), /a newer Redline opens it/],
  ])('a file that is %s: exit code 2, with its name and a way out', async (_, text, message) => {
    await writeFile(fileOf('odd'), text)
    await expect(compare(fileOf('a'), fileOf('odd'))).rejects.toMatchObject({ exitCode: 2, message })
  })

  it('refuses runs of another shape, a single run, and a file that cannot be written', async () => {
    await save('other', { ...run(1), plan: { ...run(1).plan, scenario: 'sold-out' } })
    await expect(compare(fileOf('a'), fileOf('other'))).rejects.toMatchObject({
      exitCode: 2,
      message:
        /a\.json and .*other\.json cannot be compared, they loaded in different ways: scenario hot-code and sold-out/,
    })
    await expect(compare(fileOf('a'))).rejects.toMatchObject({ exitCode: 2, message: /needs two runs/ })
    const lost = join(directory, 'no', 'where.md')
    await expect(compare(fileOf('a'), fileOf('b'), '--markdown', lost)).rejects.toMatchObject({ exitCode: 2 })
  })
})
