import { describe, expect, it } from 'vitest'
import { exampleHistogram } from './example-run.ts'
import { latenciesOf, mergeHistograms, percentileCurve } from './histograms.ts'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('histograms', () => {
  it('merges trials and reads percentiles in milliseconds within the 0.1 % of three digits', () => {
    const merged = mergeHistograms([exampleHistogram(range(1, 500)), exampleHistogram(range(501, 1000))])
    const latencies = latenciesOf(merged)
    expect(merged?.totalCount).toBe(1000)
    expect(latencies?.p50).toBeCloseTo(500, -1)
    expect(Math.abs((latencies?.p95 ?? 0) - 950)).toBeLessThan(1)
    expect(Math.abs((latencies?.p99 ?? 0) - 990)).toBeLessThan(1)
    // A thousand answers do not tell where the p99.9 is.
    expect(latencies?.p999).toBeNull()
    expect(Math.abs((latencies?.max ?? 0) - 1000)).toBeLessThan(1.1)
  })

  it('tells a p99.9 when enough answers stand behind it', () => {
    const latencies = latenciesOf(mergeHistograms([exampleHistogram(range(1, 3_000))]))
    expect(Math.abs((latencies?.p999 ?? 0) - 2_997)).toBeLessThan(3.1)
  })

  it('merges a narrow histogram with a wide one', () => {
    const latencies = latenciesOf(mergeHistograms([exampleHistogram([0.001]), exampleHistogram([120_000])]))
    expect(latencies?.p50).toBe(0.001)
    expect(Math.abs((latencies?.max ?? 0) - 120_000)).toBeLessThan(120)
  })

  it('has no latencies without answers', () => {
    expect(latenciesOf(mergeHistograms([]))).toBeNull()
    expect(latenciesOf(mergeHistograms([exampleHistogram([])]))).toBeNull()
  })

  it('ends the curve where a single answer stands for a percentile', () => {
    const curve = percentileCurve(mergeHistograms([exampleHistogram(range(1, 1000))]), 0.5)
    expect(curve.map((point) => point.nines)).toEqual([0, 0.5, 1, 1.5, 2, 2.5, 3])
    expect(Math.abs((curve[2]?.milliseconds ?? 0) - 900)).toBeLessThan(1)
  })

  it('says what it was given when that is no histogram', () => {
    expect(() => mergeHistograms(['bm90IG9uZQ=='])).toThrow(/not a compressed HdrHistogram/)
  })
})
