import { InvalidArgumentError } from 'commander'
import { distance } from 'fastest-levenshtein'

/** Parsers of option values for commander: each error names the value and what would be right. */

export function parseWholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (value.trim() === '' || !Number.isInteger(number) || number < least)
      throw new InvalidArgumentError(`expected a whole number of at least ${least}.`)
    return number
  }
}

/** A positive number, as for seconds. */
export function parsePositive(value: string): number {
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number) || number <= 0)
    throw new InvalidArgumentError('expected a number greater than 0.')
  return number
}

/** A time such as `2ms`, `0.5s` or `2` (milliseconds). @returns milliseconds */
export function parseMilliseconds(value: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(value.trim())
  if (match === null) throw new InvalidArgumentError('expected a time such as 2ms or 0.5s.')
  return Number(match[1]) * (match[2] === 's' ? 1_000 : 1)
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

function suggest(value: string, choices: readonly string[]): string {
  const [nearest] = [...choices].sort((a, b) => distance(value, a) - distance(value, b))
  const isNear = nearest !== undefined && distance(value, nearest) <= Math.max(2, nearest.length / 2)
  return `"${value}" is none of ${choices.join(', ')}.${isNear ? ` Did you mean ${nearest}?` : ''}`
}
