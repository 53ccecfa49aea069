import { Command, CommanderError } from 'commander'
import { createBenchCommand } from './commands/bench.ts'
import { createCalibrateCommand } from './commands/calibrate.ts'
import { createCapacityCommand } from './commands/capacity.ts'
import { createCompareCommand } from './commands/compare.ts'
import { createFitCommand } from './commands/fit.ts'
import { createLoadCommand } from './commands/load.ts'
import { createPlanCommand } from './commands/plan.ts'
import { createReportCommand } from './commands/report.ts'
import { createStackCommand } from './commands/stack.ts'
import { createStartCommand } from './commands/start.ts'
import { createStudyCommand } from './commands/study.ts'
import { createSweepCommand } from './commands/sweep.ts'
import { createVerifyCommand } from './commands/verify.ts'
import { CommandError, FAULT_EXIT_CODE } from './errors.ts'

const program = new Command('redline')
  .description('find the load beyond which a redeem pipeline breaks')
  .showSuggestionAfterError()
  .exitOverride()
  .addCommand(createBenchCommand())
  .addCommand(createCalibrateCommand())
  .addCommand(createCapacityCommand())
  .addCommand(createLoadCommand())
  .addCommand(createCompareCommand())
  .addCommand(createFitCommand())
  .addCommand(createPlanCommand())
  .addCommand(createReportCommand())
  .addCommand(createStartCommand())
  .addCommand(createStackCommand())
  .addCommand(createStudyCommand())
  .addCommand(createSweepCommand())
  .addCommand(createVerifyCommand())

for (const command of program.commands.flatMap((one) => [one, ...one.commands]))
  command.exitOverride().showHelpAfterError('(--help shows every option)')

// Whoever reads us may leave early (`| head`); what was started must be stopped all the same.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreBrokenPipe)

program.parseAsync().catch((error: unknown) => {
  process.exitCode = describe(error)
})

/** Prints what went wrong. @returns the exit code for it */
function describe(error: unknown): number {
  // Commander has printed its complaint, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof CommandError) {
    process.stderr.write(`redline: ${error.message}\n`)
    return error.exitCode
  }
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC') {
    process.stderr.write(`redline: the disk is full (${message}); what was measured until then is kept\n`)
    return 3
  }
  process.stderr.write(`redline: a fault of our own, please report it:\n${(error as Error).stack ?? String(error)}\n`)
  return FAULT_EXIT_CODE
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}
