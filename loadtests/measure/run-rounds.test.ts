import { describe, expect, it } from 'vitest'
import { SUBJECTS } from '../run-file.ts'
import { planPositions } from './run-rounds.ts'

const plan = { modes: SUBJECTS, rounds: 50, seed: 7 }

describe('planPositions', () => {
  it('tries every subject once in each round', () => {
    const positions = planPositions(plan)
    for (let round = 1; round <= plan.rounds; round++) {
      const tried = positions.filter((position) => position.round === round)
      expect(tried.map(({ mode }) => mode).sort()).toEqual([...SUBJECTS].sort())
      expect(tried.map(({ position }) => position)).toEqual(SUBJECTS.map((_, index) => index + 1))
    }
    expect(positions).toHaveLength(plan.rounds * SUBJECTS.length)
  })

  it('follows from the seed alone', () => {
    expect(planPositions(plan)).toEqual(planPositions(plan))
    expect(planPositions(plan)).not.toEqual(planPositions({ ...plan, seed: 8 }))
  })

  it('draws the order anew in each round, so that no subject keeps a place', () => {
    const positions = planPositions(plan)
    for (const subject of SUBJECTS) {
      const places = new Set(positions.filter(({ mode }) => mode === subject).map(({ position }) => position))
      expect(places.size).toBe(SUBJECTS.length)
    }
  })
})
