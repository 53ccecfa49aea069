import { describe, expect, it } from 'vitest'
import { findChanges } from './change-points.ts'
import { createRandom } from './random.ts'

/** Flow of the Nile at Aswan, 1871–1970, 10^8 m³ (Cobb 1978; R: datasets::Nile). It fell in 1899. */
const NILE = [
  1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140, 1100,
  1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456,
  824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897,
  822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797, 923, 975,
  815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
]

function noise(seed: number, count: number, spread = 1): number[] {
  const random = createRandom(seed)
  return Array.from(
    { length: count },
    () => spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
  )
}

describe('findChanges', () => {
  it('finds that the Nile fell in 1899, and nothing else', () => {
    expect(findChanges(NILE)).toEqual([1899 - 1871])
  })

  it('finds several changes, each where it is', () => {
    const values = noise(1, 60, 0.5).map((value, index) => value + (index < 20 ? 0 : index < 40 ? 5 : 2))
    expect(findChanges(values)).toEqual([20, 40])
  })

  it('finds another spread around the same middle', () => {
    const [change, ...more] = findChanges([...noise(4, 60, 1), ...noise(5, 60, 8)])
    expect(change).toBeGreaterThan(50)
    expect(change).toBeLessThan(72)
    expect(more).toEqual([])
  })

  it('finds nothing where nothing changed, in about 95 of 100 series', () => {
    const all = noise(7, 100 * 20)
    const series = Array.from({ length: 100 }, (_, index) => all.slice(20 * index, 20 * index + 20))
    expect(series.filter((values) => findChanges(values).length > 0).length).toBeLessThanOrEqual(9)
  })

  it('does not take one wild value for a change', () => {
    expect(findChanges([10, 10.1, 9.9, 10, 10.2, 9.8, 50, 10, 10.1, 9.9, 10, 10.1])).toEqual([])
  })

  it('needs eight values to be sure of anything', () => {
    expect(findChanges([1, 1.1, 0.9, 9, 9.1, 8.9])).toEqual([])
    expect(findChanges([1, 1.1, 0.9, 1.05, 9, 9.1, 8.9, 9.05])).toEqual([4])
    expect(findChanges([])).toEqual([])
  })

  it('finds nothing in a constant', () => {
    expect(findChanges(Array(30).fill(7))).toEqual([])
  })
})
