import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import type { AccuracySummary } from '../accuracy/accuracy-file.ts'
import { HELD_OUT } from '../accuracy/accuracy-points.ts'
import { renderAccuracy } from '../accuracy/report-accuracy.ts'
import { readAccuracy, refuseForeign, runAccuracy, shorten } from '../accuracy/run-accuracy.ts'
import { summariseAccuracy } from '../accuracy/summarise-accuracy.ts'
import { UsageError } from '../errors.ts'
import { FIGURES } from '../points/point-figures.ts'
import { makeRunDirectory } from './finish-run.ts'
import { watchInterruption } from './interruption.ts'
import { parseWholeNumber } from './options.ts'
import { createRunId } from './run-bench.ts'

interface AccuracyOptions {
  calibrationRounds?: number
  rounds?: number
  seed?: number
  resume?: string
  render?: string
  out: string
  gate: boolean
  json: boolean
}

const EXAMPLES = `
Three modes are calibrated with 1, 5 and 20 connections. Then ${HELD_OUT.length} other sizes and loads are foretold: other
modes, pools, processes, workers, arrivals and store latencies. The predictions are written to a file, and only then is the
first of them tried. What was measured twice (odd and even rounds) stands beside the errors: no model can be better.

Examples:
  npm run study:accuracy                                  about 40 minutes
  npm run study:accuracy -- --rounds 1                    a first look
  npm run study:accuracy -- --resume reports/DIRECTORY    goes on after the stage that was done
  npm run study:accuracy -- --render reports/DIRECTORY    only renders again what is there`

/** `study accuracy`: how well the model foretells sizes that it was not calibrated on. */
export function createAccuracyCommand(): Command {
  return new Command('accuracy')
    .description('foretell other sizes and loads, run them, and print the signed errors')
    .option('--calibration-rounds <n>', 'of each calibrated point (default: 3)', parseWholeNumber(2, 1_000))
    .option('--rounds <n>', 'of each foretold point (default: 4)', parseWholeNumber(1, 1_000))
    .option('--seed <n>', 'of the order of trials (default: drawn)', parseWholeNumber(0))
    .option('--resume <directory>', 'go on with this study')
    .option('--render <directory>', 'render this study again')
    .option('--out <directory>', 'where the study is written', 'reports')
    .option('--gate', 'exit with 1 when a demand was missed', false)
    .option('--json', 'print the summary alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(study)
}

function refuseContradictions({ render, resume, rounds, calibrationRounds, seed }: AccuracyOptions): void {
  if (render !== undefined && resume !== undefined)
    throw new UsageError('--render shows what is there, --resume goes on: choose one of them.')
  const isMeasuring = rounds !== undefined || calibrationRounds !== undefined || seed !== undefined
  if (render !== undefined && isMeasuring)
    throw new UsageError('--render measures nothing: --rounds, --calibration-rounds and --seed are about measuring.')
}

const CALIBRATION_ROUNDS = 3
const ROUNDS = 4

async function study(options: AccuracyOptions): Promise<void> {
  refuseContradictions(options)
  const { rounds = ROUNDS, calibrationRounds = CALIBRATION_ROUNDS } = options
  const interruption = watchInterruption('stages that are done are kept')
  try {
    const runId = createRunId(new Date(), 'study-accuracy')
    const directory = options.render ?? options.resume ?? join(options.out, runId)
    if (options.resume !== undefined) await refuseForeign(directory, options.rounds)
    else if (options.render === undefined) await makeRunDirectory(directory)
    const parts = {
      directory,
      runId,
      repeatWith: `npm run study:accuracy -- --rounds ${rounds} --calibration-rounds ${calibrationRounds}`,
      rounds: { calibration: calibrationRounds, heldOut: rounds },
      seed: options.seed ?? randomInt(1_000_000),
      signal: interruption.signal,
    }
    const { predictions, heldOut } = await (options.render === undefined ? runAccuracy(parts) : readAccuracy(directory))
    const summary = summariseAccuracy(predictions, heldOut)
    const text = renderAccuracy(predictions, summary)
    await writeFile(join(directory, 'summary.json'), `${JSON.stringify(summary, shorten)}\n`)
    await writeFile(join(directory, 'report.md'), text)
    process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : text)
    process.stderr.write(`study: ${join(directory, 'report.md')}\n`)
    process.exitCode = exitCodeOf(summary, options.gate)
  } finally {
    interruption.dispose()
  }
}

function exitCodeOf({ overall, intervals, points, broken_invariants: broken }: AccuracySummary, gate: boolean): number {
  if (broken.length > 0) return 4
  if (points.every(({ figures }) => figures === null)) return 3
  const verdicts = [...FIGURES.map((figure) => overall[figure].verdict), intervals.verdict]
  return gate && verdicts.includes('missed') ? 1 : 0
}
