import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, vi } from 'vitest'

/** What commands that run in the test's own process print, and a directory for their files; both new for each test. */
export interface CommandOutput {
  readonly directory: string
  stdout: string
}

/** Progress on stderr is not shown. Call it once in a file. */
export function watchCommandOutput(): CommandOutput {
  const output = { directory: '', stdout: '' }
  beforeEach(async () => {
    output.directory = await mkdtemp(join(tmpdir(), 'command-test-'))
    output.stdout = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output.stdout += String(text)
      return true
    })
    vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    process.exitCode = undefined
    await rm(output.directory, { recursive: true, force: true })
  })
  return output
}
