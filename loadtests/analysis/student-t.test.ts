import { describe, expect, it } from 'vitest'
import { studentCdf, studentQuantile } from './student-t.ts'

/** NIST/SEMATECH e-Handbook of Statistical Methods, §1.3.6.7.2: critical values of Student's t. */
const TABLE = [
  [1, 0.975, 12.706],
  [2, 0.975, 4.303],
  [4, 0.975, 2.776],
  [4, 0.995, 4.604],
  [11, 0.95, 1.796],
  [19, 0.975, 2.093],
  [29, 0.999, 3.396],
  [100, 0.975, 1.984],
] as const

describe("Student's t", () => {
  it.each(TABLE)('with %d degrees of freedom, share %d', (df, share, t) => {
    expect(studentQuantile(share, df)).toBeCloseTo(t, 3)
    expect(studentCdf(t, df)).toBeCloseTo(share, 4)
    expect(studentCdf(-t, df)).toBeCloseTo(1 - share, 4)
  })

  it('knows its middle and its ends, and takes degrees of freedom that are not whole', () => {
    expect(studentCdf(0, 7)).toBeCloseTo(0.5, 12)
    expect(studentCdf(Number.POSITIVE_INFINITY, 7)).toBe(1)
    const between = studentQuantile(0.975, 4.5)
    expect(between).toBeLessThan(studentQuantile(0.975, 4))
    expect(between).toBeGreaterThan(studentQuantile(0.975, 5))
  })

  it.each([0.4, 1, Number.NaN])('refuses the share %d', (share) => {
    expect(() => studentQuantile(share, 4)).toThrow(`not ${share}`)
  })
})
