import { Command } from 'commander'
import { createChangesCommand } from './fit/changes.ts'
import { createErlangCommand } from './fit/erlang.ts'
import { createKneeCommand } from './fit/knee.ts'
import { createMvaCommand } from './fit/mva.ts'
import { createUslCommand } from './fit/usl.ts'

/** `fit`: the models on anybody's measurements, one file each in fit/. */
export function createFitCommand(): Command {
  return new Command('fit')
    .description("the models on anybody's measurements")
    .addCommand(createUslCommand())
    .addCommand(createMvaCommand())
    .addCommand(createErlangCommand())
    .addCommand(createKneeCommand())
    .addCommand(createChangesCommand())
}
