import type { ByRound } from './rounds.ts'

/** Both figures of each round that has both. */
export function pairsWithinRounds(first: ByRound, second: ByRound): (readonly [number, number])[] {
  return [...first].flatMap(([round, value]) => {
    const other = second.get(round)
    return other === undefined ? [] : [[value, other] as const]
  })
}
