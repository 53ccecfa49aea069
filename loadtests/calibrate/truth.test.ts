import { describe, expect, it } from 'vitest'
import { parsePattern } from './patterns.ts'
import { errorsOf, figuresOf, isWithinTolerance, trueLatencies, truthOf, type Written } from './truth.ts'

/** A server that stalls 1 s every 10 s, base 10 ms, asked evenly for 100 s: what it would write down, to the microsecond. */
function stalling(rate: number) {
  const times = Array.from({ length: rate * 100 }, (_, index) => (1_000 * (index + 0.5)) / rate)
  const written = times.map((time, index): Written => {
    const stalledFor = Math.max(0, 1_000 - (time % 10_000))
    const wrote = time + stalledFor + 10
    return [index + 1, time, wrote, wrote, 10]
  })
  return { times, written }
}

describe('trueLatencies', () => {
  it('meet the closed form of a periodic stall: p_q = b + S (1 − (1 − q) / f)', () => {
    const { times, written } = stalling(1_000)
    const figures = figuresOf(trueLatencies(written, times, 0).least)
    expect(figures?.p50).toBeCloseTo(10, 1)
    expect(figures?.p95).toBeCloseTo(510, -1)
    expect(figures?.p99).toBeCloseTo(910, -1)
    expect(figures?.p999).toBeCloseTo(1_000, -1)
    expect(figures?.mean).toBeCloseTo(60, 0)
  })

  it('without a known begin, it is the one by which nobody came too early', () => {
    const { times, written } = stalling(100)
    const later = 5_000.25
    const shifted = written.map(
      ([person, at, began, ended, ms]): Written => [person, at + later, began + later, ended + later, ms],
    )
    expect(trueLatencies(shifted, times, null).most[0]).toBeCloseTo(trueLatencies(written, times, 0).most[0] ?? 0, 6)
  })

  it('a late request is late from the intended moment on', () => {
    expect(trueLatencies([[2, 150, 160, 160, 10]], [0, 100], 0)).toEqual({ least: [60], most: [60] })
  })

  it('a write that took longer than most was over as fast as they were, or at its end: nobody can tell', () => {
    const written = [0.1, 0.1, 5, 0.1, 0.05].map((ms, index): Written => [index + 1, 0, 10, 10 + ms, 10])
    const { least, most } = trueLatencies(written, [0, 0, 0, 0, 0], 0)
    for (const [index, latency] of [10.1, 10.1, 10.1, 10.1, 10.05].entries())
      expect(least[index]).toBeCloseTo(latency, 9)
    expect(most).toEqual([10.1, 10.1, 15, 10.1, 10.05])
  })
})

describe('the error of a meter', () => {
  const known = { p50: 10, p95: 100, p99: 200, p999: 400, mean: 20 }
  const truth = { least: known, most: known }
  const measured = { p50: 10.29, p95: 101.9, p99: 196.1, p999: 400, mean: 20.39 }

  it('is signed, and tolerated up to 2 % or 0.3 ms', () => {
    expect(isWithinTolerance(measured, truth)).toBe(true)
    expect(errorsOf(measured, truth).p99).toBeCloseTo(-0.0195)
    expect(isWithinTolerance({ ...measured, p999: 409 }, truth)).toBe(false)
    expect(isWithinTolerance({ ...measured, p50: 10.31 }, truth)).toBe(false)
  })

  it('is none between the bounds of a truth, and counts from the nearer one outside', () => {
    const between = { least: known, most: { ...known, p999: 500 } }
    expect(errorsOf({ ...measured, p999: 450 }, between).p999).toBe(0)
    expect(errorsOf({ ...measured, p999: 550 }, between).p999).toBeCloseTo(0.1)
    expect(errorsOf({ ...measured, p999: 360 }, between).p999).toBeCloseTo(-0.1)
    expect(isWithinTolerance({ ...measured, p999: 509 }, between)).toBe(true)
    expect(isWithinTolerance({ ...measured, p999: 511 }, between)).toBe(false)
    expect(isWithinTolerance({ ...measured, p999: 391 }, between)).toBe(false)
  })

  it('nothing has no figures, and no truth', () => {
    expect(figuresOf([])).toBeNull()
    expect(truthOf({ least: [], most: [] })).toBeNull()
  })
})

describe('parsePattern', () => {
  it('knows names, and parts', () => {
    expect(parsePattern('fixed')).toMatchObject({ name: 'fixed', baseMs: 20 })
    expect(parsePattern('stall=300ms/5s,base=5ms')).toEqual({
      name: 'stall=300ms/5s,base=5ms',
      baseMs: 5,
      stall: { forMs: 300, everyMs: 5_000 },
      slow: null,
      sigma: 0,
    })
    expect(parsePattern('base=2ms, slow=0.5s@2.5%, sigma=0.8')).toMatchObject({
      slow: { ms: 500, share: 0.025 },
      sigma: 0.8,
    })
  })

  it.each(['', 'nonsense', 'base=5', 'stall=5s/300ms', 'stall=300ms', 'slow=80ms@200%', 'sigma=x', 'base=5ms,,'])(
    'refuses "%s" and names it',
    (text) => expect(() => parsePattern(text)).toThrow(/--pattern: ".*" cannot be read; expected a name or parts/),
  )
})
