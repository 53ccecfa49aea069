/**
 * Which of several comparisons show a difference, so that a wrong one among all of them is as rare as `level`.
 * Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
 * @param chances p of each comparison; null where nothing could be compared
 * @returns for each, in the same order, whether it stands
 */
export function holm(chances: readonly (number | null)[], level: number): boolean[] {
  const known = chances.flatMap((p, index) => (p === null ? [] : [{ p, index }])).sort((a, b) => a.p - b.p)
  const stands = chances.map(() => false)
  for (const [rank, { p, index }] of known.entries()) {
    if (p > level / (known.length - rank)) break
    stands[index] = true
  }
  return stands
}
