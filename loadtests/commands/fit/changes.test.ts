import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createFitCommand } from '../fit.ts'
import { readSeries } from './read-series.ts'

const STEP = [10, 10.2, 9.9, 10.1, 10, 9.8, 15, 15.2, 14.9, 15.1, 15, 14.8]

let directory: string
let file: string
let stdout: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fit-test-'))
  file = join(directory, 'series.csv')
  stdout = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text)
    return true
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(directory, { recursive: true, force: true })
})

const changes = (...args: string[]) => createFitCommand().parseAsync(['changes', file, ...args], { from: 'user' })

it('says where a series changed, counted from 0', async () => {
  await writeFile(file, STEP.join('\n'))
  await changes('--json')
  expect(JSON.parse(stdout)).toEqual({ changes: [6] })
  stdout = ''
  await changes()
  expect(stdout).toBe(
    'Changed at 6 (counted from 0).\n▁▂▁▁▁▁|█████▇\nvalues 0 to 5: mean 10.0\nvalues 6 to 11: mean 15.0\n',
  )
})

it('says so when nothing changed', async () => {
  await writeFile(file, STEP.slice(0, 6).concat(STEP.slice(0, 6)).join('\n'))
  await changes('--json')
  expect(JSON.parse(stdout)).toEqual({ changes: [] })
})

it('takes the last column, or the one that was named', async () => {
  await writeFile(file, 'day,p99_ms,rate\r\n1,20,"100"\r\n2,21,110\r\n\r\n')
  expect(await readSeries(file)).toEqual([100, 110])
  expect(await readSeries(file, 'p99_ms')).toEqual([20, 21])
})

it.each([
  ['', [], /is empty/],
  ['1\n"2\n3', [], /is no CSV: Quote Not Closed/],
  ['1\n2\n3', [], /has 3 values: at least 8/],
  ['1\n2\nthree\n4', [], /line 3: "three" is no number/],
  ['a,b\n1,2\n3,', [], /line 3: "" is no number/],
  ['1\n2', ['--column', 'p99'], /has no head/],
  ['a,b\n1,2', ['--column', 'p99'], /has no column "p99", but a, b/],
])('refuses %j %j', async (text, args, message) => {
  await writeFile(file, text)
  await expect(changes(...args)).rejects.toMatchObject({ exitCode: 2, message })
})

it('names a file that is not there', async () => {
  await expect(changes()).rejects.toMatchObject({ exitCode: 2, message: /series\.csv cannot be read \(ENOENT\)/ })
})
