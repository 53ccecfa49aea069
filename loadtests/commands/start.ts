import { Command } from 'commander'
import { LIMITER_MODES, type LimiterMode } from '../run-file.ts'
import { parseChoice, parseWholeNumber } from './options.ts'
import { runDemo } from './run-demo.ts'
import { addSystemOptions, allowNonempty, type SystemChoices } from './system-options.ts'

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
  const command = new Command('start').description(
    'start the whole system with a sample code, and say where everything is',
  )
  return addStartOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((options: StartOptions) => runDemo(options))
}

/** What `start` and `stack` have in common. */
export function addStartOptions(command: Command): Command {
  command
    .option('--port <n>', 'where people redeem; 0 = any free port', parseWholeNumber(0, 65_535), 3000)
    .option('--mode <name>', `limiter mode: ${LIMITER_MODES.join(', ')}`, parseChoice(LIMITER_MODES), 'token-bucket')
    .option('--ip-limit <n>', 'requests a minute from one address; 0 = no limit', parseWholeNumber(0, 1_000_000), 0)
  return addSystemOptions(command, { concurrency: 20 })
    .option('--json', 'print one line of JSON on stdout when all is ready, and nothing else', false)
    .addOption(allowNonempty('it stays as it is'))
}
