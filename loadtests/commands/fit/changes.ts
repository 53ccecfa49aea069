import { Command } from 'commander'
import { mean } from 'simple-statistics'
import { findChanges } from '../../analysis/change-points.ts'
import { formatNumber } from '../../analysis/format.ts'
import { UsageError } from '../../errors.ts'
import { drawSeries } from '../../report/history-report.ts'
import { readSeries } from './read-series.ts'

interface ChangesOptions {
  column?: string
  json: boolean
}

const MINIMUM_VALUES = 8
/** A permutation test of all pairs: more would take minutes. */
const MAXIMUM_VALUES = 2_000

const EXAMPLES = `
One value per line, in order of time; of several columns the last one, or the one that --column names. A change needs
three values on each side, and is named when chance alone would show it in less than 5 % of series (E-divisive, Matteson
and James 2014).

Examples:
  npm run fit -- changes latencies.csv
  npm run fit -- changes nightly.csv --column p99_ms
  npm run --silent fit -- changes series.csv --json        {"changes":[28]}: counted from 0`

/** `fit changes <file>`: where a series reached another level. */
export function createChangesCommand(): Command {
  return new Command('changes')
    .description('where a series of values changed')
    .argument('<file>', 'CSV')
    .option('--column <name>', 'which column')
    .option('--json', 'print the result alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(changes)
}

async function changes(file: string, { column, json }: ChangesOptions): Promise<void> {
  const values = await readSeries(file, column)
  if (values.length < MINIMUM_VALUES || values.length > MAXIMUM_VALUES)
    throw new UsageError(
      `${file} has ${values.length} values: at least ${MINIMUM_VALUES} and at most ${MAXIMUM_VALUES} are needed`,
    )
  const found = findChanges(values)
  process.stdout.write(json ? `${JSON.stringify({ changes: found })}\n` : describe(values, found))
}

/** A line for each level, and the series as bars. */
function describe(values: readonly number[], found: readonly number[]): string {
  const starts = [0, ...found]
  const levels = starts.map((start, index) => {
    const part = values.slice(start, starts[index + 1])
    return `values ${start} to ${start + part.length - 1}: mean ${formatNumber(mean(part))}`
  })
  const verdict = found.length === 0 ? 'No change seen.' : `Changed at ${found.join(', ')} (counted from 0).`
  return `${[verdict, drawSeries(values, found), ...levels].join('\n')}\n`
}
