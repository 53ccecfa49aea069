import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { UsageError } from '../errors.ts'
import { type PointsRun, pointsRunSchema } from '../points/points-file.ts'
import { GUIDE_TARGETS } from '../targets/load-targets.ts'
import { finishSweep } from './sweep.ts'
import { finishProfiles, PROFILES_COMMAND, readUser } from './sweep-profiles.ts'

interface ReportChoices {
  json: boolean
  targets?: string
}

type Finish = (run: PointsRun, directory: string, choices: ReportChoices) => Promise<void>

/** Who renders the runs of a command; a new one is a line here. */
const RENDERERS: Readonly<Record<string, Finish>> = {
  sweep: finishSweep,
  [PROFILES_COMMAND]: async (run, directory, choices) =>
    finishProfiles(run, await readUser(choices.targets ?? GUIDE_TARGETS), directory, choices),
}

/** Renders a run over points again. @returns false when the file is none @throws UsageError when it is a faulty one */
export async function reportPoints(file: string, choices: ReportChoices): Promise<boolean> {
  const content = await readFile(file, 'utf8')
    .then(JSON.parse, () => null)
    .catch(() => null)
  if (typeof content !== 'object' || content === null || !('points' in content && 'trials' in content)) return false
  const parsed = pointsRunSchema.safeParse(content)
  if (!parsed.success) {
    const faults = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `  ${issue.path.join('.') || basename(file)}: ${issue.message}`)
    throw new UsageError(`${file} is not a run of this version:\n${faults.join('\n')}`)
  }
  const finish = RENDERERS[parsed.data.command]
  if (finish === undefined)
    throw new UsageError(`${file} is a run of ${parsed.data.command}, which this command does not render`)
  await finish(parsed.data, dirname(file), choices).catch((cause: unknown) => {
    // A histogram that cannot be decoded is a fault of the file, not of ours.
    if (cause instanceof RangeError) throw new UsageError(`${file}: ${cause.message}`, { cause })
    throw cause
  })
  return true
}
