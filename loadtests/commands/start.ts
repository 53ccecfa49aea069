import { randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { FAULT_EXIT_CODE } from '../errors.ts'
import { LIMITER_MODES, type LimiterMode } from '../run-file.ts'
import { checkPort } from '../sut/check-port.ts'
import { type DemoSystem, startDemoSystem } from '../sut/demo-system.ts'
import { clearAfterKilled } from '../sut/leftovers.ts'
import { createRunDirectory } from '../sut/run-directory.ts'
import { watchInterruption } from './interruption.ts'
import { parseChoice, parseWholeNumber } from './options.ts'
import { renderStart } from './render-start.ts'
import { addSystemOptions, allowNonempty, profileOf, type SystemChoices } from './system-options.ts'

export interface StartOptions extends SystemChoices {
  port: number
  mode: LimiterMode
  ipLimit: number
  json: boolean
}

const EXAMPLES = `
Examples:
  npm start                                            on port 3000, until Ctrl-C
  npm start -- --port 0 --mode none --servers 2        any free port, no limiter, two server processes
  npm run --silent start -- --json >system.json        for scripts: one line when all is ready
  npm run verify -- --system system.json               what the invariants say about it

Environment:
  DATABASE_URL, REDIS_URL   use these servers instead of starting some (they must be empty)`

/** `start`: the whole system for a person, until it is interrupted. */
export function createStartCommand(): Command {
  const command = new Command('start')
    .description('start the whole system with a sample code, and say where everything is')
    .option('--port <n>', 'where people redeem; 0 = any free port', parseWholeNumber(0, 65_535), 3000)
    .option('--mode <name>', `limiter mode: ${LIMITER_MODES.join(', ')}`, parseChoice(LIMITER_MODES), 'token-bucket')
    .option('--ip-limit <n>', 'requests a minute from one address; 0 = no limit', parseWholeNumber(0, 1_000_000), 0)
  return addSystemOptions(command, { concurrency: 20 })
    .option('--json', 'print one line of JSON on stdout when all is ready, and nothing else', false)
    .addOption(allowNonempty('it stays as it is'))
    .addHelpText('after', EXAMPLES)
    .action(start)
}

async function start(options: StartOptions): Promise<void> {
  await checkPort(options.port)
  const interruption = watchInterruption('everything is being stopped')
  try {
    await clearAfterKilled(say)
    await runUntil(interruption.signal, options)
    // To be stopped is how it is meant to end; only a fault of ours has another exit code.
    if (interruption.exitCode === FAULT_EXIT_CODE) process.exitCode = FAULT_EXIT_CODE
  } catch (error) {
    interruption.signal.throwIfAborted()
    throw error
  } finally {
    interruption.dispose()
  }
}

/** @throws when a part could not be started, or ended by itself */
async function runUntil(signal: AbortSignal, options: StartOptions): Promise<void> {
  const directory = createRunDirectory(`start-${randomBytes(6).toString('hex')}`)
  let system: DemoSystem | undefined
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
    process.stdout.write(options.json ? `${JSON.stringify(description)}\n` : renderStart(description, options, given))
    await Promise.race([system.died, aborted(signal)])
  } finally {
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
