import { describe, expect, it } from 'vitest'
import { comparePaired, compareUnpaired } from './compare-figures.ts'

/** Student (1908), hours of sleep gained by ten patients with two drugs; as e^x, so that ratios are differences. */
const FIRST = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4].map(Math.exp)
const SECOND = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0].map(Math.exp)
const pairs = FIRST.map((first, index) => [first, SECOND[index] as number] as const)

describe('comparePaired', () => {
  it("takes the mean of the six middle ones of Student's ten differences", () => {
    const { verdict, ratio, rounds, p } = comparePaired(pairs)
    expect({ verdict, rounds }).toEqual({ verdict: 'higher', rounds: 10 })
    expect(Math.log(ratio?.estimate ?? 0)).toBeCloseTo((1.2 + 1.3 + 1.3 + 1.0 + 1.8 + 1.4) / 6, 6)
    expect(ratio?.low).toBeGreaterThan(1)
    expect(p).toBeLessThan(0.05)
  })

  it("is never narrower than Student's interval", () => {
    const five = [1.02, 1.1, 0.97, 1.21, 1.05].map((ratio) => [ratio, 1] as const)
    const logs = five.map(([ratio]) => Math.log(ratio))
    const middle = logs.reduce((sum, value) => sum + value) / 5
    const error = Math.sqrt(logs.reduce((sum, value) => sum + (value - middle) ** 2, 0) / 4 / 5)
    const { ratio, verdict } = comparePaired(five)
    expect(ratio?.high).toBeGreaterThanOrEqual(Math.exp(middle + 2.776 * error))
    expect(ratio?.low).toBeLessThanOrEqual(Math.exp(middle - 2.776 * error))
    expect(verdict).toBe('no difference seen')
  })

  it('turns round with its sides', () => {
    const [there, back] = [comparePaired(pairs), comparePaired(pairs.map(([a, b]) => [b, a] as const))]
    expect(back.verdict).toBe('lower')
    expect(back.ratio?.low).toBeCloseTo(1 / (there.ratio?.high ?? 0), 6)
    expect(back.detectable).toBeCloseTo(there.detectable ?? 0, 6)
  })

  it('says nothing with less than five rounds, but shows what there is', () => {
    const few = comparePaired(pairs.slice(0, 4))
    expect(few).toMatchObject({ verdict: 'too few rounds', rounds: 4, p: null, detectable: null })
    expect(few.ratio).toMatchObject({ low: null, high: null })
    expect(comparePaired([]).ratio).toBeNull()
  })

  it('leaves out rounds in which a side has nothing', () => {
    expect(comparePaired([...pairs, [0, 1], [1, 0]]).rounds).toBe(10)
  })

  it('one wild round among ten does not hide a difference that all others show', () => {
    const ratios = [1.21, 1.18, 1.22, 1.2, 1.19, 1.23, 1.17, 1.2, 1.21, 0.1]
    expect(comparePaired(ratios.map((ratio) => [ratio, 1] as const)).verdict).toBe('higher')
  })
})

describe('compareUnpaired', () => {
  it('needs five rounds on both sides', () => {
    expect(compareUnpaired(FIRST, SECOND.slice(0, 4))).toMatchObject({ verdict: 'too few rounds', rounds: 4 })
    expect(compareUnpaired([], SECOND).ratio).toBeNull()
  })

  it('does not see in two samples what only pairs show', () => {
    expect(compareUnpaired(FIRST, SECOND).verdict).toBe('no difference seen')
    expect(compareUnpaired(FIRST, SECOND).detectable).toBeGreaterThan(comparePaired(pairs).detectable ?? 0)
  })

  it('sees a clear difference', () => {
    const [slow, fast] = [
      [100, 104, 97, 101, 99, 103],
      [150, 147, 155, 149, 151, 153],
    ]
    expect(compareUnpaired(slow, fast)).toMatchObject({ verdict: 'lower' })
    expect(compareUnpaired(slow, fast).ratio?.estimate).toBeCloseTo(0.667, 2)
  })
})
