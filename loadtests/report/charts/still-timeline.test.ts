import { expect, it } from 'vitest'
import { exampleRun } from '../../analysis/example-run.ts'
import type { Trial } from '../../run-file.ts'
import { stillTimeline } from './still-timeline.ts'

it('draws no line over a gap, and a second between two gaps as a point', () => {
  const [trial] = exampleRun().trials as [Trial]
  const [sample] = trial.samples as [Trial['samples'][number]]
  const latencies = [1, 2, null, 3, null, 4, 5, 6]
  const samples = latencies.map((p99_ms, t) => ({ ...sample, t, p50_ms: null, p99_ms }))
  const { text: picture } = stillTimeline({ ...trial, samples })
  const [, panel = ''] = /aria-label="latency, ms">([\s\S]*?)<\/svg>/.exec(picture) ?? []
  const lines = [...panel.matchAll(/<polyline class="line-1" points="([^"]*)"/g)].map(([, points = '']) => points)
  expect(lines.map((points) => points.split(' ').length)).toEqual([2, 3])
  expect(panel.match(/<circle class="line-1"/g)).toHaveLength(1)
})
