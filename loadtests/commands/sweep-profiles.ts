import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { UsageError } from '../errors.ts'
import type { PointsRun } from '../points/points-file.ts'
import { createProgressReport } from '../report/progress.ts'
import { renderProfilesTerminal, writeProfilesReports } from '../report/sweep/profiles-report.ts'
import { showsColour } from '../report/terminal-report.ts'
import type { LimiterMode } from '../run-file.ts'
import { analyseProfiles, type User } from '../sweep/analyse-profiles.ts'
import { guideProfiles } from '../sweep/guide-profiles.ts'
import { KNOB_NAMES } from '../sweep/knobs.ts'
import type { Setting } from '../sweep/profile-points.ts'
import type { ProfilesSummary } from '../sweep/profiles-file.ts'
import { runProfiles } from '../sweep/run-profiles.ts'
import { RATE_SEARCH } from '../sweep/search-rate.ts'
import { GUIDE_TARGETS, loadTargets } from '../targets/load-targets.ts'
import { inRunDirectory } from './in-run-directory.ts'
import type { SweepChoices } from './plan-sweep.ts'

/** The name that tells a run over profiles from a sweep over knobs. */
export const PROFILES_COMMAND = 'sweep --profiles'

interface ProfilesChoices extends SweepChoices {
  seed?: number
  targets: string
  out: string
  json: boolean
}

/** Of each open-loop load: a queue that grows slowly needs time to be seen. */
const SECONDS = { usual: 15, quick: 5 }
const STORE_LATENCY_MS = 2
/** What each profile says itself, or what the search decides. */
const DECIDED = [...KNOB_NAMES, 'vary', 'rate', 'drain', 'rounds', 'redis-latency']

/** `sweep --profiles`: the boxes of the guide, each of their changes alone, with stores at no distance and at one. */
export async function sweepProfiles(options: ProfilesChoices, isGiven: (option: string) => boolean): Promise<void> {
  const contradiction = DECIDED.find(isGiven)
  if (contradiction !== undefined)
    throw new UsageError(`--profiles decides by itself what --${contradiction} would say: leave one of them out.`)
  const user = await readUser(options.targets)
  const mode: LimiterMode = isGiven('mode') ? options.mode : 'none'
  const latency = isGiven('db-latency') ? options.dbLatency : STORE_LATENCY_MS
  const duration = options.duration ?? (options.quick ? SECONDS.quick : SECONDS.usual)
  const settings = [...new Set([0, latency])].flatMap((latencyMs) =>
    guideProfiles(mode).map((guide): Setting => ({ guide, mode, latencyMs, duration })),
  )
  const seed = options.seed ?? randomInt(1_000_000)
  const outlook = { trials: settings.length * (1 + RATE_SEARCH.mostTrials), isMost: true }
  const repeatWith = repeatLine(options, { mode, latency, duration, seed })
  await inRunDirectory({ name: 'sweep-profiles', out: options.out }, async (frame) => {
    const progress = createProgressReport(outlook, process.stderr)
    const common = {
      ...frame,
      progress,
      allowNonempty: options.allowNonempty,
      command: PROFILES_COMMAND,
      repeatWith,
      seed,
    }
    const run = await runProfiles({ ...common, settings, targetMs: user.p95_ms })
    await finishProfiles(run, user, frame.directory, options)
  })
}

/** @throws UsageError when the targets do not say what a user is */
export async function readUser(file: string): Promise<User> {
  const { user } = await loadTargets(file)
  if (user !== undefined) return user
  throw new UsageError(`${file} does not say what a user is: "user": {"think_time_s": 10, "p95_ms": 1000}`)
}

/** Shows a run over profiles, sets the exit code and writes its files. */
export async function finishProfiles(
  run: PointsRun,
  user: User,
  directory: string,
  { json }: { json: boolean },
): Promise<void> {
  const summary = analyseProfiles(run, user)
  const shown = () => renderProfilesTerminal(run, summary, { colour: showsColour(process.stdout) })
  process.stdout.write(`${json ? JSON.stringify(summary) : shown()}\n`)
  process.exitCode = exitCodeOf(summary)
  await writeProfilesReports(directory, run, summary)
  process.stderr.write(`report: ${join(directory, 'report.html')}\n`)
}

/** 4 an invariant broke, before 3 a profile of which no rate was shown to hold, before 0. */
function exitCodeOf({ profiles }: ProfilesSummary): 0 | 3 | 4 {
  if (profiles.some(({ broken_trials: broken }) => broken > 0)) return 4
  return profiles.some(({ carried }) => carried === null) ? 3 : 0
}

function repeatLine(
  { quick, targets, allowNonempty }: ProfilesChoices,
  decided: { mode: LimiterMode; latency: number; duration: number; seed: number },
): string {
  const { mode, latency, duration, seed } = decided
  const words = [
    ...(quick ? ['--quick'] : []),
    ...(allowNonempty ? ['--allow-nonempty'] : []),
    `--mode ${mode} --db-latency ${latency}ms --duration ${duration} --seed ${seed}`,
    ...(targets === GUIDE_TARGETS ? [] : [`--targets ${targets}`]),
  ]
  return `npm run sweep -- --profiles ${words.join(' ')}`
}
