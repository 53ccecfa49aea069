import { formatNumber, formatSeconds } from '../analysis/format.ts'
import type { Attempt } from '../capacity/attempt.ts'
import type { SearchSettings } from '../capacity/capacity-file.ts'
import { estimateTrialsLeft } from '../capacity/estimate-left.ts'
import { relevantBounds } from '../capacity/relevant-bounds.ts'
import type { SearchProgress } from '../capacity/run-capacity.ts'
import { loadText, searchGoalsOf } from '../capacity/search-settings.ts'
import type { LimiterMode } from '../run-file.ts'

/** Tells on stderr, after each trial, what it said, between which loads each goal lies, and how long it still takes. */
export function createSearchProgress(search: SearchSettings, stream: NodeJS.WritableStream): SearchProgress {
  const goals = searchGoalsOf(search)
  const all = search.searches * search.modes.length
  const startedAt = performance.now()
  let begun = 0
  let trials = 0
  let mode: LimiterMode | undefined
  const say = (line: string) => void stream.write(`${line}\n`)

  /** By the mean length of the trials so far; other searches take about as many trials as this one. */
  function remaining(attempts: readonly Attempt[]): string {
    const left = estimateTrialsLeft(goals, attempts)
    const others = (all - begun) * (attempts.length + left)
    const seconds = ((performance.now() - startedAt) / 1_000 / trials) * (left + others)
    return left + others === 0 ? '' : `, about ${formatSeconds(seconds)} left`
  }

  return {
    say,
    sample: () => undefined,
    begin(number, next) {
      begun++
      mode = next
      say(`${next}${search.searches > 1 ? `, search ${number} of ${search.searches}` : ''}`)
    },
    attempted(attempts) {
      trials++
      const last = attempts.at(-1)
      if (last === undefined) return
      const brackets = goals.map((goal) => `${goal.name} ${bracketText(goal, attempts)}`).join(', ')
      say(
        `  ${String(attempts.length).padStart(2)} ${mode} ${loadText(search.loop, last.load)} for ${last.seconds} s: ${verdictText(last)} · ${brackets}${remaining(attempts)}`,
      )
    },
  }
}

function verdictText({ verdict, why, broken, goals }: Attempt): string {
  if (broken !== null) return `BROKE ${broken}`
  if (verdict === 'invalid') return `INVALID: ${why}`
  const missed = Object.entries(goals).filter(([, { met }]) => !met)
  if (missed.length === 0) return 'met'
  const what = missed.map(([name]) => name).join(' and ')
  return `missed ${what} (${missed[0]?.[1].misses[0]})`
}

function bracketText(goal: Parameters<typeof relevantBounds>[0], attempts: readonly Attempt[]): string {
  const final = relevantBounds(goal, attempts)
  const coarse = relevantBounds(
    { ...goal, finalTrialSeconds: goal.initialTrialSeconds, durationSum: goal.initialTrialSeconds },
    attempts,
  )
  const [lower, upper] = [final.lower ?? coarse.lower, final.upper ?? coarse.upper]
  return `${lower === null ? '?' : formatNumber(lower)}–${upper === null ? '?' : formatNumber(upper)}`
}
