import type { Sample, Trial } from '../../run-file.ts'
import { type Html, html } from '../html.ts'
import { coordinate, linearTicks } from './scale.ts'

const WIDTH = 640
const HEIGHT = 90
const LEFT = 56

interface Panel {
  readonly title: string
  readonly lines: readonly { readonly name: string; readonly read: (sample: Sample) => number | null | undefined }[]
}

/** The most important of the panels that the page's script draws, all on one axis of time. */
const PANELS: readonly Panel[] = [
  {
    title: 'per second',
    lines: [
      { name: 'answers', read: (s) => s.accepted + s.served + s.refused },
      { name: 'errors', read: (s) => s.errors },
    ],
  },
  {
    title: 'latency, ms',
    lines: [
      { name: 'p50', read: (s) => s.p50_ms },
      { name: 'p99', read: (s) => s.p99_ms },
    ],
  },
  {
    title: 'pool connections',
    lines: [
      { name: 'in use', read: (s) => s.pool?.in_use },
      { name: 'waiting', read: (s) => s.pool?.waiting },
    ],
  },
  { title: 'event loop, utilisation', lines: [{ name: 'utilisation', read: (s) => s.event_loop?.utilisation }] },
  { title: 'waiting at the limiter', lines: [{ name: 'waiting', read: (s) => s.limiter_waiting }] },
  {
    title: 'on their way',
    lines: [{ name: 'on their way', read: (s) => s.queue && s.queue.stream + s.queue.outbox + s.queue.jobs }],
  },
]

/** One trial as still pictures, for readers without scripts. */
export function stillTimeline({ mode, round, samples }: Trial): Html {
  const end = Math.max(...samples.map(({ t }) => t), 1)
  const panels = PANELS.filter(({ lines }) => lines.some(({ read }) => samples.some((sample) => read(sample) != null)))
  return html`<figure class="still"><figcaption>${mode}, round ${round}, from 0 to ${Math.round(end)} s</figcaption>
    ${panels.map((panel) => drawPanel(panel, samples, end))}</figure>`
}

function drawPanel({ title, lines }: Panel, samples: readonly Sample[], end: number): Html {
  const values = lines.flatMap(({ read }) => samples.flatMap((sample) => read(sample) ?? []))
  const ticks = linearTicks(Math.max(...values, 0), 2)
  const top = ticks.at(-1) ?? 1
  const x = (t: number) => coordinate(LEFT + ((WIDTH - LEFT) * t) / end)
  const y = (value: number) => coordinate(HEIGHT - ((HEIGHT - 18) * value) / top)
  const draw = ({ read }: Panel['lines'][number], index: number): Html[] =>
    unbroken(samples, read).map((points) => {
      const [[t, value] = [0, 0]] = points
      if (points.length === 1) return html`<circle class="line-${index}" cx="${x(t)}" cy="${y(value)}" r="1.5"/>`
      return html`<polyline class="line-${index}" points="${points.map(([at, one]) => `${x(at)},${y(one)}`).join(' ')}"/>`
    })
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT + 6}" role="img" aria-label="${title}">
    <text x="${LEFT}" y="11">${title}: ${lines.map(({ name }) => name).join(', ')}</text>
    ${ticks.map((tick) => html`<line x1="${LEFT}" x2="${WIDTH}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${LEFT - 6}" y="${y(tick)}" class="end">${String(Number(tick.toPrecision(3)))}</text>`)}
    ${lines.map(draw)}
  </svg>`
}

/** Runs of seconds that have a value: over a gap there is no line. */
function unbroken(samples: readonly Sample[], read: Panel['lines'][number]['read']): [t: number, value: number][][] {
  const runs: [number, number][][] = [[]]
  for (const sample of samples) {
    const value = read(sample)
    if (value == null) runs.push([])
    else runs.at(-1)?.push([sample.t, value])
  }
  return runs.filter(({ length }) => length > 0)
}
