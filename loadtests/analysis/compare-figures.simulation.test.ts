import { describe, expect, it } from 'vitest'
import { comparePaired, compareUnpaired } from './compare-figures.ts'
import { createRandom, drawNormal, type Random } from './random.ts'

/**
 * Counts how often the comparison errs on invented rounds whose truth is known. All is seeded: the same counts each time.
 */
const RUNS = 600
const RESAMPLES = 250
/** 5 % of 600 are 30; by chance a sound method stays below 46 in 99.8 % of such simulations. */
const MOST_FALSE_ALARMS = 46

/** A run's speed, and from it one round's figures of two subjects that do not differ. */
type Noise = (random: Random, rounds: number) => [number, number][]

const independent =
  (draw: (random: Random) => number): Noise =>
  (random, rounds) =>
    Array.from({ length: rounds }, () => [draw(random), draw(random)])

const NOISES: Record<string, Noise> = {
  normal: independent((random) => 100 + 8 * drawNormal(random)),
  lognormal: independent((random) => Math.exp(0.4 * drawNormal(random))),
  // Student's t with 2 degrees of freedom: its variance is endless.
  'heavy-tailed': independent((random) => Math.exp((0.07 * drawNormal(random)) / Math.sqrt(-Math.log(1 - random())))),
  // One trial in ten falls into a time in which the machine gives a fraction.
  stalls: independent((random) => 100 * (1 + 0.05 * drawNormal(random)) ** 2 * (random() < 0.1 ? 0.2 : 1)),
  // The speed walks by factors; both trials of a round see it a moment apart, in random order.
  drifting: (random, rounds) => {
    let speed = 0
    const trial = () => {
      speed += 0.15 * drawNormal(random)
      return 1000 * Math.exp(speed + 0.03 * drawNormal(random))
    }
    return Array.from({ length: rounds }, () => {
      const [early, late] = [trial(), trial()]
      return random() < 0.5 ? [early, late] : [late, early]
    })
  },
}

describe.each(Object.keys(NOISES))('%s noise', (name) => {
  it.each([5, 8, 10, 30])('false alarms of pairs in %d rounds', (rounds) => {
    const random = createRandom(rounds)
    const alarms = count(() => comparePaired(draw(name, random, rounds), { resamples: RESAMPLES }).p)
    expect(alarms).toBeLessThanOrEqual(MOST_FALSE_ALARMS)
  })

  // A drift from run to run is no matter of rounds: that one needs the reference below.
  it.each(name === 'drifting' ? [] : [5, 15])('false alarms of two runs of %d rounds', (rounds) => {
    const random = createRandom(100 + rounds)
    const alarms = count(() => {
      const [first, second] = [draw(name, random, rounds), draw(name, random, rounds)]
      return compareUnpaired(lefts(first), lefts(second), { resamples: RESAMPLES }).p
    })
    expect(alarms).toBeLessThanOrEqual(MOST_FALSE_ALARMS)
  })
})

describe('a machine that drifts between two runs', () => {
  const random = createRandom(3)
  const runs = Array.from({ length: RUNS }, () => [draw('drifting', random, 10), draw('drifting', random, 10)] as const)

  it('raises false alarms in figures as they are', () => {
    const alarms = runs.filter(([a, b]) => isAlarm(compareUnpaired(lefts(a), lefts(b), { resamples: 100 }).p))
    expect(alarms.length).toBeGreaterThan(RUNS / 4)
  })

  it('raises none in figures relative to a reference of their round', () => {
    const relative = (run: [number, number][]) => run.map(([subject, reference]) => subject / reference)
    const alarms = runs.filter(([a, b]) =>
      isAlarm(compareUnpaired(relative(a), relative(b), { resamples: RESAMPLES }).p),
    )
    expect(alarms.length).toBeLessThanOrEqual(MOST_FALSE_ALARMS)
  })
})

describe('power', () => {
  // σ of a round's log ratio is about 11 % here.
  const change = (slowdown: number, rounds: number, noise: string) => {
    const random = createRandom(9)
    return count(() => {
      const pairs = draw(noise, random, rounds).map(([a, b]) => [a / (1 + slowdown), b] as const)
      return comparePaired(pairs, { resamples: RESAMPLES }).p
    })
  }

  it.each([
    ['normal', 20, 0.75],
    ['normal', 30, 0.9],
    ['heavy-tailed', 20, 0.6],
    ['heavy-tailed', 30, 0.8],
  ] as const)('under %s noise %d rounds see 10 %% in at least %d of runs', (noise, rounds, share) => {
    expect(change(0.1, rounds, noise)).toBeGreaterThan(share * RUNS)
  })

  // Of few rounds, draws that repeat one or two of them must not make the interval endless.
  it('sees a factor of four in five rounds, also when one of them is far off', () => {
    const ratios = [0.2, 0.23, 0.24, 0.3, 0.32].map((ratio) => [ratio, 1] as const)
    expect(comparePaired(ratios)).toMatchObject({ verdict: 'lower' })
    expect(comparePaired(ratios).ratio?.high).toBeLessThan(0.4)
    const close = [0.198, 0.2, 0.2001, 0.31, 0.29].map((ratio) => [ratio, 1] as const)
    expect(comparePaired(close).ratio?.high).toBeLessThan(0.5)
  })

  it('sees less in fewer rounds, and more of what is greater', () => {
    const five = change(0.1, 5, 'normal')
    expect(five).toBeLessThan(0.5 * RUNS)
    expect(five).toBeGreaterThan(0.15 * RUNS)
    expect(change(0.5, 5, 'normal')).toBeGreaterThan(0.8 * RUNS)
  })

  it('foretells what it would have seen: about 80 % of runs with a difference of the detectable size', () => {
    const random = createRandom(21)
    const told = Array.from({ length: 200 }, () => comparePaired(draw('normal', random, 20), { resamples: RESAMPLES }))
    const detectable = told.reduce((sum, comparison) => sum + (comparison.detectable ?? 0), 0) / told.length
    const seen = change(detectable, 20, 'normal') / RUNS
    expect(seen).toBeGreaterThan(0.7)
    expect(seen).toBeLessThan(0.95)
  })
})

function draw(name: string, random: Random, rounds: number): [number, number][] {
  return (NOISES[name] as Noise)(random, rounds)
}

function lefts(pairs: readonly (readonly [number, number])[]): number[] {
  return pairs.map(([left]) => left)
}

function count(compare: () => number | null): number {
  return Array.from({ length: RUNS }, compare).filter(isAlarm).length
}

function isAlarm(p: number | null): boolean {
  return p !== null && p <= 0.05
}
