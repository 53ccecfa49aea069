import { UsageError } from '../errors.ts'

/** How a calibration server behaves; times in milliseconds. */
export interface Pattern {
  readonly name: string
  /** Each answer takes so long. */
  readonly baseMs: number
  /** Whoever comes within the first `forMs` of each `everyMs` waits until they are over. */
  readonly stall: { readonly forMs: number; readonly everyMs: number } | null
  /** So large a share of the answers takes longer. */
  readonly slow: { readonly ms: number; readonly share: number } | null
  /** Log-normal: the base is the median, this the standard deviation of the logarithm. 0: none. */
  readonly sigma: number
}

const PLAIN = { baseMs: 0, stall: null, slow: null, sigma: 0 } as const

export const PATTERNS: readonly Pattern[] = [
  { ...PLAIN, name: 'no-op' },
  { ...PLAIN, name: 'fixed', baseMs: 20 },
  { ...PLAIN, name: 'long-stall', baseMs: 10, stall: { forMs: 1_000, everyMs: 10_000 } },
  { ...PLAIN, name: 'stall', baseMs: 5, stall: { forMs: 300, everyMs: 3_000 } },
  { ...PLAIN, name: 'short-stall', baseMs: 2, stall: { forMs: 60, everyMs: 500 } },
  { ...PLAIN, name: 'bimodal', baseMs: 5, slow: { ms: 80, share: 0.1 } },
  { ...PLAIN, name: 'heavy-tail', baseMs: 5, sigma: 1 },
]

const HELP =
  'expected a name or parts such as base=5ms, stall=300ms/5s, slow=80ms@10%, sigma=1, with commas between them; ' +
  `names: ${PATTERNS.map(({ name }) => name).join(', ')}`

/** @throws UsageError that names the part which cannot be read */
export function parsePattern(text: string): Pattern {
  const known = PATTERNS.find(({ name }) => name === text)
  if (known) return known
  const parts = text.split(',').map((part) => parsePart(part.trim()))
  return Object.assign({ ...PLAIN, name: text }, ...parts)
}

function parsePart(part: string): Partial<Pattern> {
  const [, key, value = ''] = /^(base|stall|slow|sigma)=(.+)$/.exec(part) ?? []
  const fail = () => new UsageError(`--pattern: "${part}" cannot be read; ${HELP}`)
  const [first = '', second = ''] = value.split(/[/@]/)
  if (key === 'base') return { baseMs: readMs(value) ?? refuse(fail) }
  if (key === 'sigma') return { sigma: readNumber(value, 3) ?? refuse(fail) }
  if (key === 'stall') {
    const [forMs, everyMs] = [readMs(first) ?? refuse(fail), readMs(second) ?? refuse(fail)]
    return forMs < everyMs ? { stall: { forMs, everyMs } } : refuse(fail)
  }
  const share = (readNumber(second.replace(/%$/, ''), 100) ?? refuse(fail)) / 100
  return { slow: { ms: readMs(first) ?? refuse(fail), share } }
}

function refuse(fail: () => Error): never {
  throw fail()
}

function readMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text)
  const ms = Number(match?.[1]) * (match?.[2] === 's' ? 1_000 : 1)
  return match !== null && ms <= 60_000 ? ms : null
}

function readNumber(text: string, most: number): number | null {
  return /^\d+(\.\d+)?$/.test(text) && Number(text) <= most ? Number(text) : null
}
