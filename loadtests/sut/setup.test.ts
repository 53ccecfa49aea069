import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findProgram } from './find-program.ts'

const SETUP = fileURLToPath(new URL('./setup.sh', import.meta.url))
/** The whole PATH of the script under test: nothing of this machine can be installed or changed through it. */
let bin: string

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'setup-test-'))
})

afterEach(() => rmSync(bin, { recursive: true, force: true }))

function addProgram(name: string, body = 'exit 0'): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(bin, name), 0o755)
}

function runSetup(args: string[] = [], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync('/bin/sh', [SETUP, ...args], { env: { PATH: bin, ...env } })
  return { status, output: `${stdout}${stderr}` }
}

test.each(['redis-server', 'valkey-server'])('with %s on the PATH there is nothing to do or to say', (name) => {
  addProgram(name)
  expect(runSetup()).toEqual({ status: 0, output: '' })
})

test('a REDIS_URL needs no Redis of our own', () => {
  expect(runSetup([], { REDIS_URL: 'redis://elsewhere' })).toEqual({ status: 0, output: '' })
})

test.each([
  ['apt-get', 'sudo apt-get install -y redis-server'],
  ['dnf', 'sudo dnf install -y valkey || sudo dnf install -y redis'],
  ['pacman', 'sudo pacman -S --noconfirm valkey'],
  ['apk', 'sudo apk add redis'],
  ['brew', 'brew install redis'],
])('without the right to install, %s: one command to type', (manager, command) => {
  addProgram('id', 'echo 1000')
  addProgram(manager)
  expect(runSetup()).toEqual({
    status: 3,
    output: `setup: Redis is missing. Install it with \`${command}\`, or set REDIS_URL.\n`,
  })
})

test('without any package manager it says what is missing', () => {
  addProgram('id', 'echo 0')
  const { status, output } = runSetup()
  expect(status).toBe(3)
  expect(output).toContain('Put redis-server or valkey-server (6.2 or newer) on the PATH')
})

/** A user with sudo, and a package manager that puts these programs on the PATH. @returns the file of its calls */
function addPackageManager(programsOf: Record<string, string[]>): string {
  const calls = join(bin, 'calls.txt')
  addProgram('id', 'echo 1000')
  addProgram(
    'sudo',
    `echo "$*" >>${calls}; shift; case $1 in rm|tee|chmod|systemctl|update-rc.d|invoke-rc.d) ;; *) exec "$@";; esac`,
  )
  addProgram('apt-cache', 'echo "  Candidate: 5:7.0.15"')
  addProgram('true')
  const cases = Object.entries(programsOf).map(
    ([name, programs]) =>
      `*" ${name}") for one in ${programs.join(' ')}; do cp ${join(bin, 'true')} ${bin}/$one; done;;`,
  )
  addProgram('apt-get', `case "$*" in ${cases.join(' ')} esac`)
  for (const name of ['env', 'mktemp', 'grep', 'rm', 'tail', 'cp'])
    symlinkSync(findProgram([name]) ?? '', join(bin, name))
  return calls
}

test('installs through sudo what is missing, and only then', () => {
  const calls = addPackageManager({ 'redis-server': ['redis-server'] })
  const { status, output } = runSetup()
  expect(output).toContain('redis-server is installed')
  expect(status).toBe(0)
  expect(readFileSync(calls, 'utf8')).toMatch(/apt-get .*install -y --no-install-recommends redis-server/)
  expect(runSetup()).toEqual({ status: 0, output: '' })
})

test('a browser that cannot be installed is no failure', () => {
  addProgram('id', 'echo 1000')
  addProgram('redis-server')
  const { status, output } = runSetup(['--with-browser'])
  expect(status).toBe(0)
  expect(output).toContain('the tests in a browser will be skipped')
})

test('Prometheus that cannot be installed is no failure', () => {
  addProgram('id', 'echo 1000')
  addProgram('redis-server')
  const { status, output } = runSetup(['--with-prometheus'])
  expect(status).toBe(0)
  expect(output).toContain('the tests of rules, alerts and dashboards will be skipped')
})

test('installs Prometheus and Alertmanager where they are missing, and lets no service of theirs run', () => {
  addProgram('redis-server')
  const packages = {
    prometheus: ['prometheus', 'promtool'],
    'prometheus-alertmanager': ['prometheus-alertmanager', 'amtool'],
  }
  const calls = addPackageManager(packages)
  const { status, output } = runSetup(['--with-prometheus'], { POLICY_RC_D: join(bin, 'policy-rc.d') })
  expect(output).toContain('prometheus is installed')
  expect(status).toBe(0)
  const called = readFileSync(calls, 'utf8')
  for (const name of Object.keys(packages))
    expect(called).toMatch(new RegExp(`install -y --no-install-recommends ${name}\n`))
  // Forbidden while it is installed, and allowed again.
  expect(called).toMatch(/tee \S*policy-rc.d\n(?:.*\n)*.*rm -f \S*policy-rc.d\n/)
  expect(runSetup(['--with-prometheus'])).toEqual({ status: 0, output: '' })
})

test('a file that forbids services already stays as it is', () => {
  const calls = addPackageManager({ 'redis-server': ['redis-server'] })
  addProgram('policy-rc.d', 'exit 101')
  expect(runSetup([], { POLICY_RC_D: join(bin, 'policy-rc.d') })).toMatchObject({ status: 0 })
  expect(readFileSync(calls, 'utf8')).not.toContain('policy-rc.d')
})

test('an unknown option is refused', () => {
  expect(runSetup(['--browser']).status).toBe(2)
})
