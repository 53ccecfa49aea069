import { createRandom } from '../analysis/random.ts'
import { shuffle } from '../measure/run-rounds.ts'
import { beginRun, type KeptParts, keepRun, type RunKeeper } from '../points/keep-run.ts'
import type { PointBench } from '../points/point-bench.ts'
import type { Point } from '../points/points-file.ts'
import type { LimiterMode, Sample, Trial } from '../run-file.ts'
import type { Attempt, SearchedSystem, TrialAnswer } from './attempt.ts'
import type { CapacityRun, SearchSettings } from './capacity-file.ts'
import { answersNeeded } from './judge-attempt.ts'
import { searchCapacity } from './search-capacity.ts'
import { loadRangeOf, loadText, searchGoalsOf } from './search-settings.ts'
import { attemptOf } from './summarise-capacity.ts'

/** What a search tells while it goes on. */
export interface SearchProgress {
  say(line: string): void
  sample(sample: Sample): void
  begin(search: number, mode: LimiterMode): void
  /** After each trial. */
  attempted(attempts: readonly Attempt[]): void
}

export interface CapacityParts extends Omit<KeptParts, 'profile'> {
  readonly search: SearchSettings
  /** Everything of a point but what the search chooses. */
  readonly shape: Omit<Point, 'name' | 'mode' | 'arrivals' | 'connections' | 'duration'>
  /** The most connections of an open loop. */
  readonly connections: number
  readonly repeatWith: string
  readonly progress: SearchProgress
}

/** More answers than a percentile needs, as people come at random. */
const ANSWERS_MARGIN = 1.2
/** A load so small that it would take longer than this is not tried. */
const LONGEST_TRIAL_SECONDS = 60

/** The fewest people per second of whom the longest trial has as many answers as the percentiles of the goals need. */
export function leastRate(goals: SearchSettings['goals']): number {
  return Math.ceil((ANSWERS_MARGIN * answersWanted({ goals })) / LONGEST_TRIAL_SECONDS)
}

/** Searches mode by mode, in an order drawn anew for each search. */
export function runCapacity(parts: CapacityParts): Promise<CapacityRun> {
  const { search, shape } = parts
  return keepRun<CapacityRun>(
    { ...parts, profile: shape.profile },
    (environment) => {
      const run = beginRun({ ...parts, command: 'capacity', points: [], rounds: 0 }, environment)
      return { ...run, command: 'capacity', search, ended: [] }
    },
    (bench, keeper) => searchAll(parts, bench, keeper),
  )
}

type Keeper = RunKeeper<CapacityRun>

async function searchAll(parts: CapacityParts, bench: PointBench, keeper: Keeper): Promise<void> {
  const { search, progress, seed } = parts
  const random = createRandom(seed)
  for (let number = 1; number <= search.searches; number++) {
    for (const mode of shuffle(search.modes, random)) {
      progress.begin(number, mode)
      const { ended } = await searchCapacity(createRealSystem(parts, bench, keeper, { number, mode }), {
        goals: searchGoalsOf(search),
        range: loadRangeOf(search),
        mostTrials: search.most_trials,
        restSeconds: 0,
        onAttempt: progress.attempted,
      })
      await bench.endProcesses()
      await keeper.keep({ ended: [...keeper.run().ended, { search: number, mode, why: ended }] })
    }
  }
}

/**
 * The reference system: each search has processes of its own. Between its trials everything is drained and all data is
 * emptied, so that an overload leaves nothing behind.
 */
function createRealSystem(
  parts: CapacityParts,
  bench: PointBench,
  keeper: Keeper,
  { number, mode }: { number: number; mode: LimiterMode },
): SearchedSystem {
  let position = 0
  /** A closed loop tells only afterwards how many answers a time brings: then the next trial is longer. */
  const longer = new Map<number, number>()
  return {
    keepsState: false,
    rest: async () => undefined,
    async tryLoad(load, seconds): Promise<TrialAnswer> {
      parts.signal.throwIfAborted()
      const point = describePoint(parts, mode, load, lengthen(seconds, seconds * (longer.get(load) ?? 1)), number)
      // What a late generator means depends on what was missed: that is decided here (judge-attempt.ts).
      const trial = await bench.measure(point, { round: number, position: ++position }, Number.MAX_VALUE)
      const { points, trials, search } = keeper.run()
      const attempt = attemptOf({ search }, trial, point)
      if (attempt.verdict === 'invalid' && attempt.achieved * point.duration < answersWanted(search))
        longer.set(load, 2 * (longer.get(load) ?? 1))
      const known = points.some(({ name }) => name === point.name)
      await keeper.keep({ points: known ? points : [...points, point], trials: [...trials, judged(trial, attempt)] })
      return attempt
    },
  }
}

/** In the file the trial's status is what the search made of it. */
function judged(trial: Trial, { verdict, why }: TrialAnswer): Trial {
  if (trial.status === 'failed') return trial
  return verdict === 'valid' ? { ...trial, status: 'ok', failure: null } : { ...trial, status: 'invalid', failure: why }
}

/** As long as is needed for enough answers, but for loads so small that nobody would wait for that. */
function lengthen(seconds: number, needed: number): number {
  return Math.max(seconds, Math.min(LONGEST_TRIAL_SECONDS, needed))
}

function answersWanted({ goals }: Pick<SearchSettings, 'goals'>): number {
  return Math.max(...goals.map(({ percentile }) => answersNeeded(percentile)))
}

/** Other searches meet other moments of arrival. */
function describePoint(parts: CapacityParts, mode: LimiterMode, load: number, seconds: number, number: number): Point {
  const { search, shape, connections, seed } = parts
  const isOpen = search.loop === 'open'
  const inSeconds = Math.ceil((10 * ANSWERS_MARGIN * answersWanted(search)) / load) / 10
  const duration = isOpen ? lengthen(seconds, inSeconds) : seconds
  return {
    ...shape,
    name: `${mode}, ${loadText(search.loop, load)}, ${duration} s${search.searches > 1 ? `, search ${number}` : ''}`,
    mode,
    connections: isOpen ? connections : load,
    arrivals: isOpen ? { model: 'poisson', rate: load, seed: seed + number } : null,
    duration,
  }
}
