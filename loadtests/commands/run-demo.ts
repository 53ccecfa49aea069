import { randomBytes } from 'node:crypto'
import { FAULT_EXIT_CODE } from '../errors.ts'
import { checkPort } from '../sut/check-port.ts'
import { neverSettled } from '../sut/child.ts'
import { type DemoSystem, startDemoSystem } from '../sut/demo-system.ts'
import { clearAfterKilled } from '../sut/leftovers.ts'
import { createRunDirectory, type RunDirectory } from '../sut/run-directory.ts'
import type { SystemDescription } from '../sut/system-description.ts'
import { watchInterruption } from './interruption.ts'
import { renderStart } from './render-start.ts'
import type { StartOptions } from './start.ts'
import { profileOf } from './system-options.ts'

/** What looks at the system as it runs. */
export interface Watch {
  /** Beside the description of the system, for scripts. */
  readonly fields: Readonly<Record<string, string | null>>
  /** For a person. */
  readonly text: string
  readonly died: Promise<never>
  stop(): Promise<void>
}

export type StartWatch = (system: SystemDescription, directory: RunDirectory) => Promise<Watch>

/** Runs the system until it is interrupted. @throws when a part could not be started, or ended by itself */
export async function runDemo(options: StartOptions, startWatch?: StartWatch): Promise<void> {
  await checkPort(options.port)
  const interruption = watchInterruption('everything is being stopped')
  try {
    await clearAfterKilled(say)
    await runUntil(interruption.signal, options, startWatch)
    // To be stopped is how it is meant to end; only a fault of ours has another exit code.
    if (interruption.exitCode === FAULT_EXIT_CODE) process.exitCode = FAULT_EXIT_CODE
  } catch (error) {
    interruption.signal.throwIfAborted()
    throw error
  } finally {
    interruption.dispose()
  }
}

async function runUntil(signal: AbortSignal, options: StartOptions, startWatch?: StartWatch): Promise<void> {
  const directory = createRunDirectory(`start-${randomBytes(6).toString('hex')}`)
  let system: DemoSystem | undefined
  let watch: Watch | undefined
  try {
    say('starting Postgres, Redis, the mail sink and the system')
    const given = {
      databaseUrl: process.env['DATABASE_URL'] || undefined,
      redisUrl: process.env['REDIS_URL'] || undefined,
    }
    system = await startDemoSystem({
      directory,
      mode: options.mode,
      profile: profileOf(options),
      port: options.port,
      ipLimit: options.ipLimit,
      ...given,
      allowNonempty: options.allowNonempty,
      dbLatencyMs: options.dbLatency,
      redisLatencyMs: options.redisLatency,
      signal,
    })
    const { description } = system
    watch = await startWatch?.(description, directory)
    const text = renderStart(description, options, given, watch?.text)
    process.stdout.write(options.json ? `${JSON.stringify({ ...description, ...watch?.fields })}\n` : text)
    await Promise.race([system.died, watch?.died ?? neverSettled(), aborted(signal)])
  } finally {
    await watch?.stop()
    await system?.stop()
    await directory.remove()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
