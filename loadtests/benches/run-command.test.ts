import { Command } from 'commander'
import { afterEach, expect, test, vi } from 'vitest'
import { parseWholeNumber } from '../commands/options.ts'
import { UnreachableError } from '../errors.ts'
import { runCommand } from './run-command.ts'

afterEach(() => {
  process.exitCode = undefined
  vi.restoreAllMocks()
})

function silence(): string[] {
  const said: string[] = []
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => said.push(String(text)) > 0)
  return said
}

async function run(args: readonly string[], action: () => void = () => {}) {
  vi.spyOn(process, 'argv', 'get').mockReturnValue(['node', 'bench', ...args])
  await runCommand(new Command('bench').option('--rate <n>', 'rate', parseWholeNumber(1, 9)).action(action))
  return process.exitCode ?? 0
}

test('the exit codes of all commands: help 0, wrong use 2, what somebody can mend its own', async () => {
  const said = silence()
  expect(await run(['--help'])).toBe(0)
  expect(await run(['--rate', 'x'])).toBe(2)
  expect(said.join('')).toContain('expected a whole number from 1 to 9')
  const fail = () => {
    throw new UnreachableError('nobody is there')
  }
  expect(await run([], fail)).toBe(3)
  expect(said.at(-1)).toBe('redline: nobody is there\n')
})

test('a fault of our own is not hidden', async () => {
  silence()
  const fail = () => {
    throw new TypeError('ours')
  }
  await expect(run([], fail)).rejects.toThrow('ours')
})
