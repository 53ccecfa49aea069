import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

/** In a process of its own: signals and faults would be those of the test runner. */
async function run(program: string, env: Record<string, string> = {}, signals: NodeJS.Signals[] = []) {
  const source = `
    import { watchInterruption } from ${JSON.stringify(new URL('./interruption.ts', import.meta.url).href)}
    const interruption = watchInterruption('the rest is kept')
    const timer = setInterval(() => undefined, 1_000)
    interruption.signal.addEventListener('abort', () => {
      console.log(interruption.signal.reason.message)
      process.exitCode = interruption.exitCode
      interruption.dispose()
      clearInterval(timer)
    })
    ${program}
    console.log('ready')`
  const args = ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', source]
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } })
  child.stdout.once('data', () => {
    for (const signal of signals) child.kill(signal)
  })
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await closed
  return { code, stdout, stderr }
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s aborts, says so, and has the exit code %d', async (signal, exitCode) => {
  const { code, stdout, stderr } = await run('', {}, [signal])
  expect(stdout).toBe(`ready\ninterrupted by ${signal}\n`)
  expect(stderr).toContain(`${signal}: stopping, the rest is kept`)
  expect(code).toBe(exitCode)
})

test('an error that nobody caught aborts as well, so that everything is stopped', async () => {
  const { code, stdout, stderr } = await run(`setTimeout(() => { throw new Error('a slip') }, 10)`)
  expect(stdout).toBe('ready\na slip\n')
  expect(stderr).toContain('a fault of our own, stopping:\nError: a slip')
  expect(code).toBe(70)
})

test('the end of the npm that runs it aborts', async () => {
  // What npm does: it stands between us and whoever could send a signal.
  const orphan = `Object.defineProperty(process, 'ppid', { get: () => (globalThis.asked = (globalThis.asked ?? 0) + 1) })`
  const { code } = await run('', {
    npm_lifecycle_event: 'start',
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(orphan)}`,
  })
  expect(code).toBe(129)
})
