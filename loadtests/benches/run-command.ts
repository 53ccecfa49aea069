import { type Command, CommanderError } from 'commander'
import { CommandError } from '../errors.ts'

/** Runs a bench's own command line with the exit codes of all commands: wrong use is 2; what nobody foresaw is thrown. */
export async function runCommand(command: Command): Promise<void> {
  try {
    await command.exitOverride().showHelpAfterError('(--help shows every option)').parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2
    } else if (error instanceof CommandError) {
      process.stderr.write(`redline: ${error.message}\n`)
      process.exitCode = error.exitCode
    } else throw error
  }
}
