import { InvalidArgumentError } from 'commander'
import { suggest } from '../commands/options.ts'
import { KNOB_NAMES, KNOBS, type KnobName, type Variation } from './knobs.ts'

/** `pool=5,10,20`, or doubling: `connections=1..64`. For commander: each error names the value and what would be right. */
export function parseVariation(text: string): Variation {
  const [name = '', list, ...rest] = text.split('=')
  if (list === undefined || rest.length > 0)
    throw new InvalidArgumentError('expected a knob and its values such as pool=5,10,20 or connections=1..64.')
  const knob = KNOB_NAMES.find((candidate) => candidate === name.trim())
  if (knob === undefined) throw new InvalidArgumentError(suggest(name.trim(), KNOB_NAMES))
  const values = list.split(',').flatMap((part) => readValues(knob, part.trim()))
  const repeated = values.find((value, index) => values.indexOf(value) < index)
  if (repeated !== undefined) throw new InvalidArgumentError(`${knob} has the value ${repeated} twice.`)
  if (values.length < 2)
    throw new InvalidArgumentError(`${knob} has one value only: with two or more there is something to compare.`)
  return { knob, values: values.sort((a, b) => a - b) }
}

function readValues(knob: KnobName, part: string): number[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(part)
  if (range === null) return [readValue(knob, part)]
  const [from, to] = [readValue(knob, range[1] ?? ''), readValue(knob, range[2] ?? '')]
  if (from >= to) throw new InvalidArgumentError(`the range ${part} does not go up: the smaller value comes first.`)
  return doubling(from, to)
}

function readValue(knob: KnobName, part: string): number {
  const { most } = KNOBS[knob]
  const value = Number(part)
  if (/^\d+$/.test(part) && value >= 1 && value <= most) return value
  throw new InvalidArgumentError(
    `"${part}" is no value of ${knob}: whole numbers from 1 to ${most} with commas between them, or a range such as 1..64, which doubles.`,
  )
}

/** Doubles as long as there is room, and ends with the last one. */
function doubling(from: number, to: number): number[] {
  const values: number[] = []
  for (let value = from; value < to; value *= 2) values.push(value)
  return [...values, to]
}
