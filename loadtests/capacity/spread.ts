import type { CapacityResult, Spread } from './capacity-file.ts'

/** How far repeated searches that found what they were to find lie apart, by the middles of their intervals. */
export function spreadsOf(results: readonly CapacityResult[]): Spread[] {
  const groups = new Map<string, { mode: CapacityResult['mode']; goal: string; middles: number[] }>()
  for (const { mode, goal, kind, irregular, lower, upper } of results) {
    if (kind !== 'interval' || irregular !== null || lower === null || upper === null) continue
    const key = `${mode} ${goal}`
    const group = groups.get(key) ?? { mode, goal, middles: [] }
    groups.set(key, { ...group, middles: [...group.middles, Math.sqrt(lower * upper)] })
  }
  return [...groups.values()]
    .filter(({ middles }) => middles.length > 1)
    .map(({ mode, goal, middles }) => {
      const [low, high] = [Math.min(...middles), Math.max(...middles)]
      return { mode, goal, searches: middles.length, low, high, spread: high / low - 1 }
    })
}
