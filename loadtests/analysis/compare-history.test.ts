import { describe, expect, it } from 'vitest'
import { historySchema } from '../compare-file.ts'
import type { Run } from '../run-file.ts'
import { compareHistory } from './compare-history.ts'
import { exampleRun } from './example-run.ts'

/** Runs of consecutive days; each mode but the ceiling is that many times as fast. */
function history(speeds: readonly number[]): Run[] {
  return speeds.map((speed, index) => {
    const run = exampleRun({ rounds: 2, seed: index + 1, modes: ['none', 'ceiling'] })
    const trials = run.trials.map((trial) => ({
      ...trial,
      loads: trial.loads.map((load) => ({
        ...load,
        seconds: trial.mode === 'none' ? load.seconds / speed : load.seconds,
      })),
    }))
    const day = String(index + 1).padStart(2, '0')
    return { ...run, run_id: `run-${day}`, started_at: `2025-01-${day}T00:00:00.000Z`, trials }
  })
}

describe('compareHistory', () => {
  it('names the run with which a figure reached another level, whatever the order of the files', () => {
    const runs = history([1, 1, 1, 1, 1, 1, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6])
    const result = compareHistory([...runs].reverse())
    expect(historySchema.parse(result)).toEqual(result)
    expect(result.runs.map(({ run_id }) => run_id)).toEqual(runs.map(({ run_id }) => run_id))
    const rate = result.series.find(({ mode, figure }) => mode === 'none' && figure === 'accepted/s')
    expect(rate).toMatchObject({ reference: 'ceiling', changes: [6] })
    expect(result.verdict).toContain('none accepted/s at run-07')
  })

  it('sees none where nothing changed, and says that few runs show none', () => {
    const rate = (runs: Run[]) => compareHistory(runs).series.find(({ figure }) => figure === 'accepted/s')
    expect(rate(history(Array(12).fill(1)))?.changes).toEqual([])
    const few = compareHistory(history([1, 0.5, 1]))
    expect(few.warnings).toContain('3 runs: fewer than 11 show no change beyond chance')
    expect(few.verdict).toMatch(/^No change seen/)
  })

  it('does not take another machine for a change, and holds what is left against the ceiling where a run lacks a mode', () => {
    const slower = (run: Run, index: number): Run => ({
      ...run,
      trials: run.trials
        .filter(({ mode }) => index !== 3 || mode === 'ceiling')
        .map((trial) => ({
          ...trial,
          loads: trial.loads.map((load) => ({ ...load, seconds: load.seconds * (index < 7 ? 1 : 3) })),
        })),
    })
    const result = compareHistory(history(Array(14).fill(1)).map(slower))
    const rate = (mode: string) => result.series.find((one) => one.mode === mode && one.figure === 'accepted/s')
    expect(rate('none')).toMatchObject({ reference: 'ceiling', changes: [] })
    expect(rate('none')?.values[3]).toBeNull()
    expect(rate('ceiling')?.changes).toEqual([7])
    expect(result.verdict).toMatch(/^No change seen/)
  })
})
