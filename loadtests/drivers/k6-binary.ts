import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { UnreachableError } from '../errors.ts'
import { findProgram } from '../sut/find-program.ts'

const run = promisify(execFile)

/** Where `npm run setup:k6` puts it. */
const BUILT = fileURLToPath(new URL('../../node_modules/.cache/redline/k6', import.meta.url))
const IMAGE = 'grafana/k6:2.2.0'
const MAJOR = 2

export interface K6Program {
  readonly command: string
  /** Before the arguments of k6 itself. */
  readonly args: readonly string[]
  readonly version: string
}

/**
 * `K6_BIN`, else k6 of the PATH, else the one that `npm run setup:k6` built, else its container image.
 * @throws UnreachableError when there is none, or one of another major version
 */
export async function findK6(env: NodeJS.ProcessEnv = process.env): Promise<K6Program> {
  const named = env['K6_BIN']
  if (named) return check(named, [], `K6_BIN=${named}`)
  const [first, built] = [findProgram(['k6']), existsSync(BUILT) ? BUILT : null].filter((path) => path !== null)
  // One that is too old must not stand before the one that was built because of it.
  if (first && built) return check(first, [], first).catch(() => check(built, [], built))
  if (first) return check(first, [], first)
  const docker = findProgram(['docker'])
  const isRunning = docker !== null && (await run(docker, ['info'], { timeout: 5_000 }).then(Boolean, () => false))
  if (docker === null || !isRunning)
    throw new UnreachableError(
      'There is no k6: npm run setup:k6 builds it where Go is there; or install it (https://k6.io), or name it in K6_BIN.',
    )
  return check(docker, containerArgs(), IMAGE)
}

/** As the user who asks, who alone may write where the summary goes. */
function containerArgs(): string[] {
  const project = fileURLToPath(new URL('../..', import.meta.url))
  const temporary = tmpdir()
  const mounts = ['-v', `${project}:${project}:ro`, '-v', `${temporary}:${temporary}`]
  const variables = ['REDLINE_LOAD', 'GOGC', 'GOMEMLIMIT', 'GOMAXPROCS'].flatMap((name) => ['-e', name])
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`
  return ['run', '--rm', '-i', '--network', 'host', '--user', user, ...variables, ...mounts, IMAGE]
}

async function check(command: string, args: readonly string[], name: string): Promise<K6Program> {
  const said = await run(command, [...args, 'version'], { timeout: 60_000 }).catch((cause: Error) => {
    throw new UnreachableError(`${name} cannot be run: ${cause.message.split('\n')[0]}`, { cause })
  })
  const version = /v?(\d+)\.\d+\.\d+\S*/.exec(said.stdout)
  if (Number(version?.[1]) !== MAJOR)
    throw new UnreachableError(
      `${name} is "${said.stdout.split('\n')[0]}"; k6 ${MAJOR} is needed: npm run setup:k6 builds it, K6_BIN names another one.`,
    )
  return { command, args, version: version?.[0] ?? '' }
}
