import { InvalidArgumentError } from 'commander'
import { distance } from 'fastest-levenshtein'

/** Parsers of option values for commander: each error names the value and what would be right. */

const LONGEST_DELAY_MS = 10_000

export function parseWholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (value: string) => number {
  const bounds = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
  return (value) => {
    const number = Number(value)
    if (!/^\s*-?\d+\s*$/.test(value) || number < least || number > most)
      throw new InvalidArgumentError(`expected a whole number ${bounds}.`)
    return number
  }
}

/** Any number greater than 0. */
export function parsePositive(value: string): number {
  const number = value.trim() === '' ? Number.NaN : Number(value)
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError('expected a number greater than 0.')
  return number
}

/** Numbers greater than 0 with commas between them. */
export function parsePositives(value: string): number[] {
  return value.split(',').map(parsePositive)
}

/** A number of at least 0. */
export function parseAmount(value: string): number {
  return Number(value) === 0 && value.trim() !== '' ? 0 : parsePositive(value)
}

/** Seconds, such as `10` or `10s`: greater than 0, and no longer than a day. */
export function parseSeconds(value: string): number {
  const number = Number(/^(\d+(?:\.\d+)?)s?$/.exec(value.trim())?.[1])
  if (!(number > 0 && number <= 86_400))
    throw new InvalidArgumentError('expected seconds such as 10 or 10s, greater than 0 and at most 86400.')
  return number
}

/** A share such as `5%`, `2.5%` or `0.05`: greater than 0, and less than 100 %. */
export function parseShare(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(value.trim())
  const share = Number(match?.[1]) / (match?.[2] === '%' ? 100 : 1)
  if (!(share > 0 && share < 1))
    throw new InvalidArgumentError('expected a share such as 5%, greater than 0 and less than 100%.')
  return share
}

/** A time such as `2ms`, `0.5s` or `2` (milliseconds). @returns milliseconds */
export function parseMilliseconds(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(value.trim())
  const milliseconds = Number(match?.[1]) * (match?.[2] === 's' ? 1_000 : 1)
  if (match === null || milliseconds > LONGEST_DELAY_MS)
    throw new InvalidArgumentError('expected a time such as 2ms or 0.5s, at most 10s.')
  return milliseconds
}

/** A latency, which is never 0. @returns milliseconds */
export function parseLatency(value: string): number {
  const milliseconds = parseMilliseconds(value)
  if (milliseconds === 0) throw new InvalidArgumentError('no latency is 0: expected a time such as 300ms.')
  return milliseconds
}

const UNITS = { b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, tb: 2 ** 40 } as const

/** A size such as `4GB` or `512MB`, in steps of 1 024. @returns bytes */
export function parseBytes(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?b)$/i.exec(value.trim())
  const unit = match?.[2]?.toLowerCase() as keyof typeof UNITS | undefined
  const bytes = unit === undefined ? Number.NaN : Number(match?.[1]) * UNITS[unit]
  if (!(bytes > 0)) throw new InvalidArgumentError('expected a size such as 4GB or 512MB.')
  return bytes
}

/** @returns the URL without a slash at its end */
export function parseHttpUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new InvalidArgumentError('expected a URL such as http://127.0.0.1:9100.')
  return value.replace(/\/+$/, '')
}

export function parseChoice<Choice extends string>(choices: readonly Choice[]): (value: string) => Choice {
  return (value) => {
    const found = choices.find((choice) => choice === value)
    if (found === undefined) throw new InvalidArgumentError(suggest(value, choices))
    return found
  }
}

/** A comma-separated list without repetitions. */
export function parseChoices<Choice extends string>(choices: readonly Choice[]): (value: string) => Choice[] {
  const parse = parseChoice(choices)
  return (value) => [...new Set(value.split(',').map((one) => parse(one.trim())))]
}

/** What is possible, and what was probably meant. */
export function suggest(value: string, choices: readonly string[]): string {
  const [nearest] = [...choices].sort((a, b) => distance(value, a) - distance(value, b))
  const isNear = nearest !== undefined && distance(value, nearest) <= Math.max(2, nearest.length / 2)
  return `"${value}" is none of ${choices.join(', ')}.${isNear ? ` Did you mean ${nearest}?` : ''}`
}
