import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, release, totalmem, type } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Environment } from '../run-file.ts'
import type { Store } from '../sut/store.ts'

const run = promisify(execFile)
const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
const PACKAGES = ['express', 'ioredis', 'bull', 'sequelize', 'pg', 'autocannon', 'prom-client'] as const

type DescribedStore = Pick<Store, 'version' | 'settings'>

/** What is switched off in every trial of the reference system. */
export const SWITCHED_OFF: readonly string[] = [
  'limits per client: off (neither per address nor on failed tries)',
  'maintenance jobs: off',
  'V8 giving memory back while it idles: off',
]

/** Everything outside of the code that a measurement depends on. */
export async function describeEnvironment(
  postgres: DescribedStore,
  redis: DescribedStore,
  notes: readonly string[] = [],
): Promise<Environment> {
  return {
    ...describeMachine(),
    memory_bytes: totalmem(),
    kernel: `${type()} ${release()}`,
    os: readOsName(),
    node: process.version,
    postgres: postgres.version,
    redis: redis.version,
    git_commit: await readCommit(),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, readPackageVersion(name)])),
    postgres_settings: postgres.settings,
    redis_settings: redis.settings,
    notes: [...notes],
  }
}

export function describeMachine(): Pick<Environment, 'cpu' | 'cores'> {
  const cores = cpus()
  return { cpu: cores[0]?.model.trim() || arch(), cores: cores.length }
}

function readOsName(): string {
  try {
    // os-release(5)
    const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
    return name ?? process.platform
  } catch {
    return process.platform
  }
}

/** The commit, with `-dirty` when files differ from it; null outside of a repository or without git. */
async function readCommit(): Promise<string | null> {
  try {
    const { stdout } = await run('git', ['describe', '--always', '--dirty', '--abbrev=40', '--exclude=*'], {
      cwd: PROJECT,
      timeout: 10_000,
    })
    return stdout.trim() || null
  } catch {
    return null
  }
}

/** From the package's own manifest, which its `exports` may hide from import. */
function readPackageVersion(name: string): string {
  for (let directory = PROJECT; ; directory = dirname(directory)) {
    const manifest = join(directory, 'node_modules', name, 'package.json')
    if (existsSync(manifest)) return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
    if (directory === dirname(directory)) return 'unknown'
  }
}
