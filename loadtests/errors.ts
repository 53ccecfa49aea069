/** Exit code of a fault of our own (sysexits.h: EX_SOFTWARE). */
export const FAULT_EXIT_CODE = 70

/** What the command line answers with an exit code of its own; every other error is a fault of ours (70). */
export abstract class CommandError extends Error {
  abstract readonly exitCode: number
}

/** Something was asked wrongly: an unknown option, a malformed file, a run that does not exist. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
  readonly exitCode = 2
}

/** The system under test could not be started or reached. */
export class UnreachableError extends CommandError {
  override readonly name = 'UnreachableError'
  readonly exitCode = 3
}

/** The run ended, but nothing can be concluded from it. */
export class InvalidRunError extends CommandError {
  override readonly name = 'InvalidRunError'
  readonly exitCode = 3
}

/** The system under test broke what must hold: no figure of it counts. */
export class BrokenInvariantError extends CommandError {
  override readonly name = 'BrokenInvariantError'
  readonly exitCode = 4
}

/** A signal came before there was anything to show for it. */
export class InterruptedError extends CommandError {
  override readonly name = 'InterruptedError'
  readonly exitCode: number
  constructor(signal: string, exitCode: number) {
    super(`interrupted by ${signal}`)
    this.exitCode = exitCode
  }
}
