import { Counter, Histogram, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createHotCounter } from './hot-counter.ts'
import { createHotHistogram } from './hot-histogram.ts'

const BUCKETS = [0.001, 0.1, 1]
/** On the edges, between them, and beyond. */
const VALUES = [0, 0.001, 0.0011, 0.1, 0.5, 1, 7]

test('a hot counter exposes what the client library would', async () => {
  const [ours, theirs] = [new Registry(), new Registry()]
  const definition = { name: 'c_total', help: 'A "quoted" help', labelNames: ['a', 'b'] as const }
  const hot = createHotCounter({ ...definition, registers: [ours] })
  const cold = new Counter({ ...definition, registers: [theirs] })
  for (const labels of [['x', 'y'] as const, ['x', 'a "b"\\\n'] as const, ['x', 'y'] as const]) {
    hot.labels(...labels).inc()
    cold.labels(...labels).inc()
  }
  expect(await ours.metrics()).toBe(await theirs.metrics())
})

test.each([{ labels: [] }, { labels: ['m'] }])(
  'a hot histogram with labels $labels exposes the same',
  async ({ labels }) => {
    const [ours, theirs] = [new Registry(), new Registry()]
    const definition = { name: 'h_seconds', help: 'help', labelNames: labels.map((label) => `${label}_name`) }
    const hot = createHotHistogram({ ...definition, buckets: BUCKETS, registers: [ours] })
    const cold = new Histogram({ ...definition, buckets: BUCKETS, registers: [theirs] })
    for (const value of VALUES) {
      hot.labels(...labels).observe(value)
      cold.labels(...labels).observe(value)
    }
    const sorted = async (registry: Registry) => (await registry.metrics()).split('\n').sort()
    expect((await sorted(ours)).map(normalise)).toEqual((await sorted(theirs)).map(normalise))
  },
)

/** The order of labels means nothing. */
const normalise = (line: string) =>
  line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort().join(',')}}`)

test('a timer observes once, in seconds', async () => {
  const registry = new Registry()
  const histogram = createHotHistogram({ name: 'h_seconds', help: 'help', buckets: [60], registers: [registry] })
  expect(histogram.labels().startTimer()()).toBeLessThan(60)
  expect(await registry.metrics()).toContain('h_seconds_bucket{le="60"} 1')
})

test('labels that do not fit are refused, by name', () => {
  const counter = createHotCounter({ name: 'c_total', help: 'help', labelNames: ['a'], registers: [new Registry()] })
  expect(() => counter.labels()).toThrow('c_total has the labels a; got 0 values')
})
