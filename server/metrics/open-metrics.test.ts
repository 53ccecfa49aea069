import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createHotCounter } from './hot-counter.ts'
import { createHotHistogram } from './hot-histogram.ts'
import { wantsOpenMetrics, writeOpenMetrics } from './open-metrics.ts'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'

test('counters, gauges and histograms are written as the format wants them, and the other format stays as it was', async () => {
  const registry = new Registry()
  const registers = [registry]
  const counter = new Counter({ name: 'c_total', help: 'A "quoted" help', labelNames: ['a'], registers })
  counter.inc({ a: 'x "y"\\\n' })
  createHotCounter({ name: 'hot_total', help: 'help', registers }).labels().inc()
  const gauge = new Gauge({ name: 'g_total', help: 'help', registers })
  gauge.set(Number.POSITIVE_INFINITY)
  Object.assign(gauge, { type: 'untyped' })
  new Histogram({ name: 'h_seconds', help: 'help', buckets: [0.5, 1], registers }).observe(0.7)
  const before = await registry.metrics()
  expect(await writeOpenMetrics(registry)).toBe(
    [
      '# HELP c A \\"quoted\\" help',
      '# TYPE c counter',
      'c_total{a="x \\"y\\"\\\\\\n"} 1',
      '# HELP hot help',
      '# TYPE hot counter',
      'hot_total 1',
      '# HELP g_total help',
      '# TYPE g_total unknown',
      'g_total +Inf',
      '# HELP h_seconds help',
      '# TYPE h_seconds histogram',
      'h_seconds_bucket{le="0.5"} 0',
      'h_seconds_bucket{le="1.0"} 1',
      'h_seconds_bucket{le="+Inf"} 1',
      'h_seconds_sum 0.7',
      'h_seconds_count 1',
      '# EOF',
      '',
    ].join('\n'),
  )
  expect(await registry.metrics()).toBe(before)
})

test('a bucket shows the last trace that fell into it, in this format only', async () => {
  const registry = new Registry()
  let traceId: string | undefined
  const histogram = createHotHistogram({
    ...{ name: 'h_seconds', help: 'help', buckets: [0.1, 1], registers: [registry] },
    findTraceId: () => traceId,
  })
  const child = histogram.labels()
  traceId = 'f'.repeat(32)
  child.observe(0.2)
  traceId = TRACE_ID
  child.observe(0.5)
  traceId = undefined
  child.observe(0.3)
  child.observe(7)
  const buckets = (await writeOpenMetrics(registry)).split('\n').filter((line) => line.includes('_bucket'))
  expect(buckets).toEqual([
    'h_seconds_bucket{le="0.1"} 0',
    expect.stringMatching(new RegExp(`^h_seconds_bucket{le="1.0"} 3 # {trace_id="${TRACE_ID}"} 0.5 \\d{10}\\.\\d{3}$`)),
    'h_seconds_bucket{le="+Inf"} 4',
  ])
  expect(await registry.metrics()).not.toContain(TRACE_ID)
})

test.each([
  { who: 'nobody in particular', accepted: ['*/*'], isOpen: false },
  {
    who: 'Prometheus',
    accepted: ['application/openmetrics-text', 'application/openmetrics-text', 'text/plain', '*/*'],
    isOpen: true,
  },
  { who: 'one who prefers the old one', accepted: ['text/plain', 'application/openmetrics-text'], isOpen: false },
  { who: 'a browser', accepted: ['text/html', 'application/xml', '*/*'], isOpen: false },
  { who: 'one who takes neither', accepted: ['image/png'], isOpen: false },
])('$who: OpenMetrics $isOpen', ({ accepted, isOpen }) => {
  expect(wantsOpenMetrics(accepted)).toBe(isOpen)
})
