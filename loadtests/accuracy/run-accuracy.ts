import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import { type PointsRun, pointsRunSchema } from '../points/points-file.ts'
import { refuseBroken } from '../points/refuse-broken.ts'
import { type PointsParts, runPoints } from '../points/run-points.ts'
import { createProgressReport } from '../report/progress.ts'
import { type Predictions, predictionsSchema } from './accuracy-file.ts'
import { CALIBRATED_MODES, calibrationPoints } from './accuracy-points.ts'
import { foretellPoints } from './foretell-points.ts'

export interface AccuracyParts {
  readonly directory: string
  readonly runId: string
  readonly repeatWith: string
  readonly rounds: { readonly calibration: number; readonly heldOut: number }
  readonly seed: number
  readonly signal: AbortSignal
}

const FILES = { calibration: 'calibration', heldOut: 'held-out', predictions: 'predictions.json' } as const

/**
 * Calibrates, foretells and writes that down, and only then tries what was foretold. A stage whose files are there is not
 * done again.
 */
export async function runAccuracy(parts: AccuracyParts): Promise<Made> {
  const { directory, rounds } = parts
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const calibration = await stage(parts, FILES.calibration, {
    points: CALIBRATED_MODES.flatMap(calibrationPoints),
    rounds: rounds.calibration,
    processesPer: 'round',
  })
  refuseBroken(calibration.trials, join(directory, FILES.calibration))
  const file = join(directory, FILES.predictions)
  let predictions = await readIfThere(file, (value) => predictionsSchema.parse(value))
  if (predictions === undefined) {
    predictions = foretellPoints(calibration, rounds.heldOut)
    await writeFile(file, `${JSON.stringify(predictions, shorten)}\n`)
    say(`foretold ${predictions.points.length} points: ${file}`)
  }
  const points = predictions.points.map(({ point }) => point)
  // Their intervals are those of so many rounds.
  const heldOut = await stage(parts, FILES.heldOut, {
    points,
    rounds: predictions.rounds.held_out,
    processesPer: 'trial',
  })
  return inOrder(file, { predictions, heldOut })
}

interface Made {
  readonly predictions: Predictions
  readonly heldOut: PointsRun
}

/** What was written down afterwards foretells nothing. @throws UsageError */
function inOrder(file: string, made: Made): Made {
  const { predictions, heldOut } = made
  if (Date.parse(predictions.written_at) > Date.parse(heldOut.started_at))
    throw new UsageError(`${file} was written after the points had been run: what it says is no prediction.`)
  return made
}

/** The files of a study that was made. @throws UsageError for a directory without them */
export async function readAccuracy(directory: string): Promise<Made> {
  const file = join(directory, FILES.predictions)
  const predictions = await readIfThere(file, (value) => predictionsSchema.parse(value))
  const heldOut = await readIfThere(join(directory, FILES.heldOut, 'run.json'), (value) => pointsRunSchema.parse(value))
  if (predictions === undefined || heldOut?.status !== 'complete')
    throw new UsageError(
      `${directory} holds no study of accuracy that has come to an end (predictions.json, held-out/run.json).`,
    )
  return inOrder(file, { predictions, heldOut })
}

/** @throws UsageError for a directory in which no study began, and for rounds that are not the ones of its predictions */
export async function refuseForeign(directory: string, rounds: number | undefined): Promise<void> {
  const calibration = join(directory, FILES.calibration, 'run.json')
  if ((await readIfThere(calibration, (value) => pointsRunSchema.parse(value))) === undefined)
    throw new UsageError(`--resume ${directory}: there is no study of accuracy that began (calibration/run.json).`)
  const known = await readIfThere(join(directory, FILES.predictions), (value) => predictionsSchema.parse(value))
  if (known !== undefined && rounds !== undefined && rounds !== known.rounds.held_out)
    throw new UsageError(
      `--rounds ${rounds}: the intervals of ${directory} were foretold for ${known.rounds.held_out} rounds. Leave --rounds out.`,
    )
}

async function stage(
  { directory, runId, repeatWith, seed, signal }: AccuracyParts,
  name: string,
  { points, rounds, processesPer }: Pick<PointsParts, 'points' | 'rounds' | 'processesPer'>,
): Promise<PointsRun> {
  const known = await readIfThere(join(directory, name, 'run.json'), (value) => pointsRunSchema.parse(value))
  if (known?.status === 'complete') return known
  if (known !== undefined) process.stderr.write(`${name} was broken off: it is measured again\n`)
  await mkdir(join(directory, name), { recursive: true })
  const run = await runPoints({
    command: `study accuracy: ${name}`,
    repeatWith,
    runId: `${runId}-${name}`,
    directory: join(directory, name),
    points,
    rounds,
    processesPer,
    seed,
    allowNonempty: false,
    progress: createProgressReport({ trials: points.length * rounds, isMost: false }, process.stderr),
    signal,
  })
  signal.throwIfAborted()
  return run
}

async function readIfThere<Value>(file: string, parse: (value: unknown) => Value): Promise<Value | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  try {
    return parse(JSON.parse(text))
  } catch (cause) {
    throw new UsageError(`${file} is not what this version writes: ${(cause as Error).message.split('\n')[0]}`, {
      cause,
    })
  }
}

/** Six digits are more than any of it is known to. */
export function shorten(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value
}
