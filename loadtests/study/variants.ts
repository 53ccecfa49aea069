/** What is injected into the server while a slice runs. */
export interface Variant {
  readonly name: string
  /** Of a request's time, spun on top of it. */
  readonly spinShare: number
  /** One more command to Redis in each request, which waits for it. */
  readonly extraCommand: boolean
}

const NOTHING = { spinShare: 0, extraCommand: false } as const

/** One and the same configuration under six names: three comparisons without a common slice. */
export const SAME_PAIRS = [
  ['A1', 'A2'],
  ['A3', 'A4'],
  ['A5', 'A6'],
] as const

/** Each slow-down is held against one of them. */
export const SLOW_PAIRS = [
  ['slow-5', 'A1'],
  ['slow-10', 'A3'],
  ['extra-command', 'A5'],
] as const

export const VARIANTS: readonly Variant[] = [
  ...SAME_PAIRS.flat().map((name) => ({ name, ...NOTHING })),
  { name: 'slow-5', spinShare: 0.05, extraCommand: false },
  { name: 'slow-10', spinShare: 0.1, extraCommand: false },
  { name: 'extra-command', spinShare: 0, extraCommand: true },
]
