import { describe, expect, it } from 'vitest'
import { EXAMPLE_POINT } from './example-sweep.ts'
import { spreadPoint, variationsOf } from './knobs.ts'
import { parseVariation } from './parse-variation.ts'

describe('parseVariation', () => {
  it.each([
    ['pool=5,10,20', [5, 10, 20]],
    ['pool=20,5', [5, 20]],
    ['connections=1..64', [1, 2, 4, 8, 16, 32, 64]],
    ['connections=1..10', [1, 2, 4, 8, 10]],
    ['connections=1..4,100', [1, 2, 4, 100]],
  ])('%s', (text, values) => expect(parseVariation(text).values).toEqual(values))

  it.each([
    ['pol=1,2', 'Did you mean pool?'],
    ['redis=1,2', 'is none of'],
    ['pool', 'expected a knob and its values'],
    ['pool=', '"" is no value of pool'],
    ['pool=-1,2', '"-1" is no value of pool'],
    ['pool=0,2', '"0" is no value of pool'],
    ['pool=1.5,2', '"1.5" is no value of pool'],
    ['servers=1,65', 'from 1 to 64'],
    ['pool=5,5', 'pool has the value 5 twice'],
    ['pool=5', 'pool has one value only'],
    ['pool=9..3', 'does not go up'],
  ])('refuses %s', (text, complaint) => expect(() => parseVariation(text)).toThrow(complaint))
})

describe('variationsOf', () => {
  it('finds again what points were spread over', () => {
    const variations = [
      { knob: 'connections', values: [4, 16] },
      { knob: 'redis-connections', values: [1, 2, 3] },
    ] as const
    const points = spreadPoint(EXAMPLE_POINT, variations)
    expect(points).toHaveLength(6)
    expect(points[5]?.name).toBe('connections 16, redis-connections 3')
    expect(variationsOf(points)).toEqual(variations)
  })
})
