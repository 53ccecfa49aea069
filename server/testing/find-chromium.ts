import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The Chromium that is on the PATH, as an absolute path, or null. */
export function findChromium(path = process.env['PATH'] ?? ''): string | null {
  const candidates = path.split(delimiter).flatMap((directory) => NAMES.map((name) => join(directory, name)))
  return candidates.find(isExecutable) ?? null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
