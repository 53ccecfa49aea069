import { Command } from 'commander'
import { formatSignificant } from '../../analysis/format.ts'
import { UsageError } from '../../errors.ts'
import { type Curvature, type CurvePoint, findKnee } from '../../model/knee.ts'
import { drawTextChart } from '../../report/charts/text-chart.ts'
import { parseChoice } from '../options.ts'
import { printFit } from './print-fit.ts'
import { readPairs } from './read-pairs.ts'

interface KneeOptions {
  column?: string
  curve?: Curvature
  json: boolean
}

const MINIMUM_POINTS = 5

const EXAMPLES = `
Kneedle (Satopää et al. 2011): where a curve bends most, seen by the eye. For charts only: it moves with the range that was
measured, so it is no limit of anything. The first column is the load; of several others the last one is taken, or the
one that --column names. Throughput bends concavely, response times (a column called r) convexly.

Examples:
  npm run fit -- knee points.csv
  npm run fit -- knee latencies.csv --column p99_ms --curve convex
  npm run --silent fit -- knee points.csv --json        {"knee":24}, or {"knee":null} where none is to be seen`

/** `fit knee <file>`: where a curve bends, for charts. */
export function createKneeCommand(): Command {
  return new Command('knee')
    .description('where a curve bends most; for charts only')
    .argument('<file>', 'CSV')
    .option('--column <name>', 'which column')
    .option('--curve <concave|convex>', 'which way it bends', parseChoice(['concave', 'convex']))
    .option('--json', 'print the result alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(knee)
}

async function knee(file: string, { column, curve, json }: KneeOptions): Promise<void> {
  const { pairs, name } = await readPairs(file, column)
  const loads = new Set(pairs.map(({ x }) => x)).size
  if (loads < MINIMUM_POINTS)
    throw new UsageError(`${file} has ${loads} different loads: at least ${MINIMUM_POINTS} are needed to see a bend`)
  if (loads < pairs.length) throw new UsageError(`${file} has a load twice: give the mean or the median of each`)
  const found = findKnee(pairs, curve ?? (name === 'r' ? 'convex' : 'concave'))
  printFit({ knee: found }, json, () => describe(pairs, found, name))
}

function describe(pairs: readonly CurvePoint[], found: number | null, name: string): string {
  const verdict = found === null ? 'No knee to be seen.' : `Bends most at ${formatSignificant(found)}.`
  const chart = drawTextChart({ measured: pairs, model: [], xLabel: 'load', yLabel: name })
  return [verdict, '', chart].join('\n')
}
