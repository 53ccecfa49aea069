import { describe, expect, it } from 'vitest'
import { formatCount } from '../../analysis/format.ts'
import { heatMap } from './heat-map.ts'
import { type LoadCurve, loadCurve } from './load-curve.ts'
import { stationUse } from './station-use.ts'
import { drawTextBars } from './text-bars.ts'
import { drawTextHeatMap } from './text-heat-map.ts'

const CURVE: LoadCurve = {
  title: 'Throughput',
  xLabel: 'connections',
  yLabel: 'per second',
  series: [
    {
      name: 'none',
      className: 'm-none',
      measured: [
        { x: 1, y: 50, low: 40, high: 60 },
        { x: 10, y: 100 },
      ],
      heldOut: [{ x: 5, y: 90 }],
      model: [
        { x: 1, y: 45, low: 40, high: 50 },
        { x: 10, y: 98, low: 90, high: 100 },
      ],
    },
  ],
  marks: [{ x: 5, label: 'knee 5' }],
}

describe('loadCurve', () => {
  it('places points on axes from zero on, and tells each', () => {
    const { text } = loadCurve(CURVE)
    expect(text).toContain('<circle class="measured m-none" cx="97.09%" cy="0%" r="4"><title>10: 100</title>')
    expect(text).toContain('<title>1: 50.0 (40.0–60.0)</title>')
    expect(text.match(/<circle class="held-out/g)).toHaveLength(1)
    expect(text).toContain('knee 5')
    expect(text).toContain('band: its 95 % interval')
  })

  it('joins the points where there is no model, and says so', () => {
    const series = CURVE.series.map(({ name, className, measured }) => ({ name, className, measured }))
    const { text } = loadCurve({ ...CURVE, series })
    expect(text).toContain('curve m-none joined')
    expect(text).not.toContain('polygon')
    expect(text).toContain('line: from point to point')
  })

  it('says that there is nothing', () => {
    expect(loadCurve({ ...CURVE, series: [] }).text).toContain('Throughput: nothing was measured.')
  })
})

const MAP = {
  title: 'Accepted',
  columnLabel: 'pool',
  rowLabel: 'connections',
  columns: [5, 10],
  rows: [8, 16],
  cells: [
    [100, 200],
    [null, 300],
  ],
  format: formatCount,
  unit: 'per second',
}

describe('heatMap', () => {
  it('shows each number, the greatest one strongest, and what was not measured', () => {
    const { text } = heatMap(MAP)
    expect(text).toContain('<td class="best" style="--heat:70%">300</td>')
    expect(text).toContain('<td class="" style="--heat:8%">100</td>')
    expect(text).toContain('<td class="absent">–</td>')
  })

  it('does the same in plain characters', () => {
    expect(drawTextHeatMap(MAP).split('\n')).toEqual([
      'Accepted: per second; across pool, down connections',
      'connections    5      10',
      '          8  100     200 ▒▒',
      '         16    –     300 ██',
    ])
  })
})

describe('stationUse', () => {
  const chart = {
    title: 'Use',
    stations: [
      { name: 'server', className: 'k-server', busy: 0.85, of: 1, unit: 'cores' },
      { name: 'redis', className: 'k-redis', busy: 0.2, of: null, unit: 'cores' },
    ],
  }

  it('fills a bar by the share of what a station has', () => {
    const { text } = stationUse(chart)
    expect(text).toContain('width="85%"')
    expect(text.match(/<rect/g)).toHaveLength(1)
    expect(text).toContain('0.20 cores')
  })

  it('does the same in plain characters', () => {
    const [, server, redis] = drawTextBars(chart).split('\n')
    expect(server).toBe(`server │${'█'.repeat(26)}${'·'.repeat(4)} 0.85 of 1 cores (85 %)`)
    expect(redis).toBe(` redis │${' '.repeat(30)} 0.20 cores`)
  })
})
