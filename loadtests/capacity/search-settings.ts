import type { SearchSettings } from './capacity-file.ts'
import type { LoadRange } from './choose-load.ts'
import type { SearchGoal } from './search-goal.ts'

/** The goals as the search has them. */
export function searchGoalsOf(search: SearchSettings): SearchGoal[] {
  return search.goals.map(({ name }) => ({
    name,
    width: search.width,
    exceedRatio: search.exceed_ratio,
    initialTrialSeconds: search.initial_trial_seconds,
    finalTrialSeconds: search.final_trial_seconds,
    durationSum: search.duration_sum,
  }))
}

export function loadRangeOf({ start, least, most, step }: SearchSettings): LoadRange {
  return { start, least, most, step }
}

/** With its unit. */
export function loadText(loop: SearchSettings['loop'], load: number): string {
  return loop === 'open' ? `${Number(load.toPrecision(5))}/s` : `${load} ${load === 1 ? 'connection' : 'connections'}`
}
