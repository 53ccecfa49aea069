import { expect, it } from 'vitest'
import { drawTextChart } from './text-chart.ts'

const LINE = {
  model: [
    { x: 0, y: 0 },
    { x: 60, y: 1_500 },
  ],
  xLabel: 'n',
  yLabel: 'per second',
}

it('puts measured points over the model, both axes from zero on', () => {
  const lines = drawTextChart({
    ...LINE,
    measured: [
      { x: 60, y: 1_500 },
      { x: 0, y: 750 },
    ],
  }).split('\n')
  expect(lines[0]).toBe('per second over n   ● measured  · model')
  expect(lines[1]).toMatch(/^1,500 │ +·*●$/)
  expect(lines.filter((line) => line.includes('750 │'))).toHaveLength(1)
  expect(lines.at(-3)).toMatch(/^ {4}0 │·/)
  expect(lines.at(-1)).toMatch(/^ +0 +60$/)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(70)
})

it('leaves out what is not there', () => {
  expect(drawTextChart({ ...LINE, measured: [] })).not.toContain('●')
  expect(drawTextChart({ ...LINE, model: [], measured: [{ x: 1, y: 1 }] })).not.toContain('·')
})

it('shows the interval of the model, what the model did not know, and marks', () => {
  const text = drawTextChart({
    measured: [{ x: 60, y: 1_500 }],
    heldOut: [{ x: 30, y: 100 }],
    model: [
      { x: 0, y: 0, low: 0, high: 100 },
      { x: 60, y: 1_500, low: 1_000, high: 2_000 },
    ],
    marks: [{ x: 45, label: 'knee 45' }],
    xLabel: 'n',
    yLabel: 'per second',
  })
  expect(text.split('\n')[0]).toBe(
    'per second over n   ● measured  ○ unknown to the model  · model  ░ its interval  ┊ knee 45',
  )
  expect(text.match(/░/g)?.length).toBeGreaterThan(20)
  expect(text.match(/○/g)).toHaveLength(2)
  expect(text.match(/┊/g)?.length).toBeGreaterThan(5)
})
