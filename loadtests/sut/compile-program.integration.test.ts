import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { UnreachableError } from '../errors.ts'
import { compileProgram } from './compile-program.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'redline-compile-'))
})

afterAll(() => rmSync(directory, { recursive: true }))

function write(name: string, program: string): URL {
  const file = join(directory, name)
  writeFileSync(file, program)
  return pathToFileURL(file)
}

const run = (args: readonly string[]) => execFileSync(process.execPath, args, { stdio: 'pipe' }).toString()

test('a program runs with its packages, its own modules and the files beside its source', async () => {
  write('text.txt', 'beside')
  write('part.mts', `import { z } from 'zod'\nexport const parse = (value: unknown): string => z.string().parse(value)`)
  const entry = write(
    'whole.mts',
    `import { readFileSync } from 'node:fs'
     import { parse } from './part.mts'
     console.log(parse(readFileSync(new URL('text.txt', import.meta.url), 'utf8')))`,
  )
  expect(run(await compileProgram(entry))).toBe('beside\n')
})

test('what is edited later belongs to the next process, not to this one', async () => {
  const entry = write('edited.mts', `console.log('as it was')`)
  const args = await compileProgram(entry)
  write('edited.mts', `console.log('edited')`)
  expect(await compileProgram(entry)).toBe(args)
  expect(run(args)).toBe('as it was\n')
})

test('an error is told where it is in the source', async () => {
  const entry = write('failing.mts', `const fail = (): never => {\n  throw new Error('no')\n}\nfail()`)
  const args = await compileProgram(entry)
  expect(() => run(args)).toThrow(/failing\.mts:2/)
})

test('what cannot be compiled says what is wrong with it', async () => {
  const entry = write('broken.mts', 'const = 1')
  await expect(compileProgram(entry)).rejects.toThrow(UnreachableError)
  await expect(compileProgram(entry)).rejects.toThrow(/broken\.mts could not be compiled.*Expected identifier/s)
})

test('where nothing can be written, a program is compiled as it is loaded', async () => {
  const entry = write('unwritten.mts', `const text: string = 'it runs'\nconsole.log(text)`)
  const args = await compileProgram(entry, '/sys/redline')
  expect(args).toEqual(['--import', expect.stringContaining('tsx'), fileURLToPath(entry)])
  expect(run(args)).toBe('it runs\n')
})
