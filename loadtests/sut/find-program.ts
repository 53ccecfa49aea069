import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The first of these programs that is on the PATH, as an absolute path, or null. */
export function findProgram(names: readonly string[], path = process.env['PATH'] ?? ''): string | null {
  for (const name of names) {
    for (const directory of path.split(delimiter)) {
      const candidate = join(directory, name)
      if (directory && isExecutable(candidate)) return candidate
    }
  }
  return null
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
