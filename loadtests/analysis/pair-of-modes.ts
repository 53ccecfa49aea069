import type { Pair, Result, Run } from '../run-file.ts'
import { type Comparison, comparePaired } from './compare-figures.ts'
import { brokenInvariants } from './merge-invariants.ts'
import { pairsWithinRounds } from './pairs-within-rounds.ts'
import { acceptedByRound, answeredByRound, type ByRound, p99ByRound } from './rounds.ts'
import { answersAll, headlineOf } from './verdict-sentence.ts'

/** Each two modes of a run, held against each other within its rounds. Modes whose figures do not count are left out. */
export function comparePairs(run: Run, results: readonly Result[]): Pair[] {
  const modes = results.filter(
    (result) => result.mode !== 'ceiling' && result.validity !== 'INVALID' && brokenInvariants(result).length === 0,
  )
  const figure = headlineFigure(run, modes)
  const counting = figure === 'latency_p99_ms' ? modes.filter(answersAll) : modes
  return counting.flatMap((first, index) =>
    counting
      .slice(index + 1)
      .filter(({ scenario, profile }) => scenario === first.scenario && profile === first.profile)
      .map((second) => pairOf(figure, first, second, compareWithinRounds(run, figure, first, second))),
  )
}

/** What tells the modes of a run apart: how fast they are, or, where something else sets the pace, how long they take. */
export function headlineFigure(run: Run, results: readonly Result[]): Pair['figure'] {
  if (run.plan.paced) return 'latency_p99_ms'
  return headlineOf(results) === 'answered' ? 'answered_per_second' : 'accepted_per_second'
}

type Place = Pick<Result, 'scenario' | 'mode' | 'profile'>

/** Ratio of first to second in the rounds that have both. */
export function compareWithinRounds(run: Run, figure: Pair['figure'], first: Place, second: Place): Comparison {
  return comparePaired(pairsWithinRounds(byRound(run, figure, first), byRound(run, figure, second)))
}

function byRound(run: Run, figure: Pair['figure'], { scenario, mode, profile }: Place): ByRound {
  const trials = run.trials.filter(
    (trial) => trial.scenario === scenario && trial.mode === mode && trial.profile === profile,
  )
  if (figure === 'latency_p99_ms') return p99ByRound(trials, 'paused')
  return figure === 'answered_per_second' ? answeredByRound(trials, 'paused') : acceptedByRound(trials, 'paused')
}

function pairOf(figure: Pair['figure'], first: Result, second: Result, comparison: Comparison): Pair {
  const { rounds, ratio, p, detectable } = comparison
  return {
    scenario: first.scenario,
    profile: first.profile,
    first: first.mode,
    second: second.mode,
    figure,
    verdict: wordFor(figure, comparison),
    rounds,
    ratio,
    p,
    detectable,
  }
}

/** A longer latency is slower, a higher rate is faster. */
function wordFor(figure: Pair['figure'], { verdict }: Comparison): Pair['verdict'] {
  if (verdict !== 'higher' && verdict !== 'lower') return verdict
  return (verdict === 'higher') === (figure === 'latency_p99_ms') ? 'slower' : 'faster'
}
