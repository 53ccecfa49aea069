import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findProgram } from '../loadtests/sut/find-program.ts'

const run = promisify(execFile)
const HERE = dirname(fileURLToPath(import.meta.url))
const PROJECT = dirname(HERE)
const UNITS = readdirSync(join(HERE, 'systemd'))
const program = findProgram(['systemd-analyze'])
/** 0 is as closed as can be, 10 wide open; a service without any of this has 9.6. */
const MOST_EXPOSED = 2

let directory: string

/** The units as they are installed, with the paths of this machine: what they start must exist to be verified. */
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'units-'))
  mkdirSync(join(directory, 'etc'))
  writeFileSync(join(directory, 'etc/redline.env'), '')
  for (const unit of UNITS) {
    const text = readFileSync(join(HERE, 'systemd', unit), 'utf8')
      .replaceAll('/opt/redline', PROJECT)
      .replaceAll('/etc/redline', join(directory, 'etc'))
      .replaceAll('/usr/bin/node', process.execPath)
      .replaceAll('=redline\n', '=root\n')
    writeFileSync(join(directory, unit), text)
  }
})
afterAll(() => rmSync(directory, { recursive: true }))

test('each unit starts a program that is there, and ends it before systemd loses patience', () => {
  for (const unit of UNITS) {
    const text = readFileSync(join(HERE, 'systemd', unit), 'utf8')
    const [, script = ''] = /^ExecStart=\/usr\/bin\/node --import tsx (\S+)/m.exec(text) ?? []
    expect(() => readFileSync(join(PROJECT, script)), unit).not.toThrow()
    if (unit === 'redline-migrate.service') continue
    // A parent of workers takes up to 25 s (worker/run-process.ts).
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1]), unit).toBeGreaterThan(25)
    expect(text, unit).not.toMatch(/^MemoryDenyWriteExecute=/m)
  }
})

describe.each(UNITS)('%s', (unit) => {
  beforeEach(({ skip }) => skip(program === null, 'there is no systemd-analyze (compose/setup-tools.sh installs it)'))
  const instance = unit.replace('@.', '@3001.')

  test('is valid', async () => {
    const units = { SYSTEMD_UNIT_PATH: `${directory}:` }
    const path = join(directory, instance)
    if (instance !== unit) writeFileSync(path, readFileSync(join(directory, unit)))
    const { stderr } = await run(program ?? '', ['verify', '--man=no', path], { env: { ...process.env, ...units } })
    // Units of the machine itself, which come along, may have faults of their own.
    expect(stderr.split('\n').filter((line) => line.includes('redline'))).toEqual([])
  })

  test('exposes little', async () => {
    const args = ['security', '--offline=true', `--threshold=${MOST_EXPOSED * 10}`, '--no-pager', join(directory, unit)]
    const { stdout } = await run(program ?? '', args).catch((error: { stdout: string }) => {
      throw new Error(error.stdout)
    })
    expect(stdout).toContain('Overall exposure level')
  })
})
