import { Command } from 'commander'
import { formatSignificant } from '../../analysis/format.ts'
import { UsageError } from '../../errors.ts'
import type { UslResult } from '../../fit-file.ts'
import { predictUsl } from '../../model/predict-usl.ts'
import { fitUsl, limitOf, MINIMUM_POINTS, type Point, peakOf, throughputAt } from '../../model/usl.ts'
import { drawTextChart } from '../../report/charts/text-chart.ts'
import { createPlainTable, renderPlainTable } from '../../report/plain-table.ts'
import { parseAmount, parsePositive, parsePositives } from '../options.ts'
import { printFit, warningLines } from './print-fit.ts'
import { readPoints } from './read-points.ts'

interface UslOptions {
  at?: number[]
  thinkTime: number
  ms: boolean
  demand?: number
  json: boolean
}

const EXAMPLES = `
The Universal Scalability Law X(N) = γN / (1 + α(N − 1) + βN(N − 1)): alpha is the share that waits for others, beta what
agreeing with each other costs, gamma the throughput of one. N is people, connections or processes, but of one kind only.
At least ${MINIMUM_POINTS} different loads are needed, better 6 or more that reach beyond the bend.

The file's first line names the columns: n and x (per second), or n and r (seconds; x is then n/(r + think time)).
With n, x and r the units are checked against each other. Other columns are ignored.

Examples:
  npm run fit -- usl points.csv
  npm run fit -- usl points.csv --at 100,150           predictions at these loads
  npm run fit -- usl latencies.csv --ms --think-time 10
  npm run fit -- usl points.csv --at 400 --demand 0.0005   1/Dmax = 2,000 per second backs what lies far out
  npm run --silent fit -- usl points.csv --json | jq .peak

Beyond 1.5 × the greatest measured load a prediction is flagged as extrapolated, unless the bound by --demand agrees.`

/** `fit usl <file>`: the Universal Scalability Law through points of load and throughput. */
export function createUslCommand(): Command {
  return new Command('usl')
    .description('the Universal Scalability Law: contention, coherency, the peak')
    .argument('<file>', 'CSV with n,x or n,r')
    .option('--at <loads>', 'predict at these loads, with commas between them', parsePositives)
    .option('--think-time <seconds>', 'between an answer and the next request', parseAmount, 0)
    .option('--ms', 'r is in milliseconds', false)
    .option('--demand <seconds>', 'what one costs at the busiest resource, all its servers at work', parsePositive)
    .option('--json', 'print the result alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(usl)
}

async function usl(file: string, { at, thinkTime, ms, demand, json }: UslOptions): Promise<void> {
  const { points, warnings } = await readPoints(file, { thinkTime, ms })
  const loads = new Set(points.map(({ n }) => n)).size
  if (loads < MINIMUM_POINTS)
    throw new UsageError(
      `${file} has ${loads} different loads: at least ${MINIMUM_POINTS} are needed, better 6 or more`,
    )
  const fit = fitUsl(points)
  const predicted = predictUsl(points, fit, { at, thinkTime, busiestDemand: demand })
  const result: UslResult = {
    model: 'usl',
    parameters: { alpha: fit.alpha, beta: fit.beta, gamma: fit.gamma },
    intervals: fit.intervals,
    peak: peakOf(fit),
    limit: limitOf(fit),
    predictions: predicted.predictions,
    warnings: [...warnings, ...predicted.warnings],
  }
  printFit(result, json, () => describe(points, result))
}

function describe(points: readonly Point[], result: UslResult): string {
  const { parameters, intervals } = result
  const line = (name: keyof UslResult['parameters'], meaning: string) => {
    const [value, low, high] = [parameters[name], intervals[name].low, intervals[name].high].map(formatSignificant)
    return `${name.padEnd(5)} ${value} (${low} to ${high})  ${meaning}`
  }
  return [
    line('alpha', 'waits for others'),
    line('beta', 'agreeing with each other'),
    line('gamma', 'per second, of one'),
    describeEnd(result),
    '',
    chartOf(points, result),
    '',
    tableOf(points, result),
    ...warningLines(result.warnings),
  ].join('\n')
}

function describeEnd({ peak, limit }: UslResult): string {
  const bound = limit === null ? '' : `; without coherency it would approach ${formatSignificant(limit)}/s`
  if (peak !== null) return `peak ${formatSignificant(peak.x)}/s at n = ${formatSignificant(peak.n)}${bound}`
  return limit === null ? 'throughput never falls, and nothing bounds it' : `throughput never falls${bound}`
}

function chartOf(points: readonly Point[], { parameters, predictions }: UslResult): string {
  const right = Math.max(...points.map(({ n }) => n), ...predictions.map(({ n }) => n))
  const loads = Array.from(
    { length: 101 },
    (_, index) => Math.min(1, right) + (index / 100) * (right - Math.min(1, right)),
  )
  return drawTextChart({
    measured: points.map(({ n, x }) => ({ x: n, y: x })),
    model: loads.map((n) => ({ x: n, y: throughputAt(parameters, n) })),
    xLabel: 'n',
    yLabel: 'per second',
  })
}

function tableOf(points: readonly Point[], { predictions }: UslResult): string {
  const measured = (load: number) => {
    const found = points.filter(({ n }) => n === load)
    return found.map(({ x }) => formatSignificant(x)).join(' ')
  }
  const table = createPlainTable({
    head: ['n', 'measured', 'model', '95 % of a new one', 'r s', ''],
    colAligns: ['right', 'right', 'right', 'right', 'right', 'left'],
  })
  for (const { n, x, r, low, high, extrapolated } of predictions)
    table.push([
      formatSignificant(n),
      measured(n) || '–',
      formatSignificant(x),
      `${formatSignificant(low)}–${formatSignificant(high)}`,
      formatSignificant(r),
      extrapolated ? 'EXTRAPOLATED' : '',
    ])
  return renderPlainTable(table)
}
