import type { CapacityResult, TrialView } from '../../capacity/capacity-file.ts'
import { loadText } from '../../capacity/search-settings.ts'

const WIDTH = 48

/** What a trial says of a goal. */
type Sign = '●' | '○' | '·' | '!'

export const SIGNS_EXPLAINED =
  '● met, ○ missed, · invalid, ! broke an invariant; [ ] the bounds; loads on a logarithmic scale'

/** Each trial of a search on its line, in their order, at its load, as one goal sees it; the bounds below. */
export function trialsPicture(result: CapacityResult, all: readonly TrialView[], loop: 'open' | 'closed'): string {
  const trials = all.filter(({ mode, search }) => mode === result.mode && search === result.search)
  const loads = trials.map(({ load }) => load)
  const [least, most] = [Math.min(...loads), Math.max(...loads)]
  const column = (load: number) =>
    most > least ? Math.round((Math.log(load / least) / Math.log(most / least)) * (WIDTH - 1)) : 0
  const lines = trials.map((trial) => {
    const place = `${' '.repeat(column(trial.load))}${signOf(trial, result.goal)}`.padEnd(WIDTH)
    return `${String(trial.position).padStart(3)}  ${place}  ${loadText(loop, trial.load).padStart(10)}  ${trial.seconds} s`
  })
  return [...lines, `     ${boundsLine(result, column)}`.trimEnd()].join('\n')
}

function signOf({ verdict, broken, goals }: TrialView, goal: string): Sign {
  if (broken !== null) return '!'
  if (verdict === 'invalid') return '·'
  return goals[goal]?.met === true ? '●' : '○'
}

function boundsLine({ lower, upper }: CapacityResult, column: (load: number) => number): string {
  const cells = Array.from({ length: WIDTH }, () => ' ')
  const [from, to] = [lower, upper].map((load) => (load === null || load === 0 ? null : column(load)))
  if (from !== null && from !== undefined) cells[from] = '['
  if (to !== null && to !== undefined) cells[Math.min(WIDTH - 1, to === from ? to + 1 : to)] = ']'
  return cells.join('')
}
