import { Command } from 'commander'
import { formatShare, formatSignificant } from '../../analysis/format.ts'
import { UsageError } from '../../errors.ts'
import type { ErlangResult } from '../../fit-file.ts'
import { type ErlangInput, solveErlang, waitQuantile } from '../../model/erlang.ts'
import { drawTextChart } from '../../report/charts/text-chart.ts'
import { parsePositive, parseWholeNumber } from '../options.ts'
import { printFit, warningLines } from './print-fit.ts'

interface ErlangOptions extends ErlangInput {
  json: boolean
}

/** Every percent of load beyond costs as much waiting as all the load below. */
const NEARLY_FULL = 0.95

const EXAMPLES = `
M/M/c (Erlang C): people come at random at a rate, wait in one line, and are served by one of so many equal servers for
times of an exponential distribution. Both rates are of the same unit of time; times come out in it.

Examples:
  npm run fit -- erlang --arrival-rate 800 --service-rate 100 --servers 10      a pool of 10, 10 ms held each
  npm run --silent fit -- erlang --arrival-rate 800 --service-rate 100 --servers 10 --json

Service times that vary less wait less, about (1 + c²)/2 times as long, c being their coefficient of variation.`

/** `fit erlang`: what waits before so many equal servers. */
export function createErlangCommand(): Command {
  return new Command('erlang')
    .description('M/M/c: how long people wait before so many equal servers')
    .requiredOption('--arrival-rate <n>', 'arrivals per second', parsePositive)
    .requiredOption('--service-rate <n>', 'that one server completes per second', parsePositive)
    .requiredOption('--servers <n>', 'servers, connections, workers', parseWholeNumber(1, 10_000_000))
    .option('--json', 'print the result alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(erlang)
}

function erlang(options: ErlangOptions): void {
  const solved = solve(options)
  const result: ErlangResult = {
    model: 'erlang',
    wait_probability: solved.waitProbability,
    queue_length: solved.queueLength,
    response_time: solved.responseTime,
    utilisation: solved.utilisation,
    wait_p95: waitQuantile(options, 0.95),
    wait_p99: waitQuantile(options, 0.99),
    warnings: solved.utilisation > NEARLY_FULL ? [warnOfFullness(solved.utilisation)] : [],
  }
  printFit(result, options.json, () => describe(options, result))
}

/** @throws UsageError for an overload, with how many servers it needs */
function solve(input: ErlangInput): ReturnType<typeof solveErlang> {
  try {
    return solveErlang(input)
  } catch (cause) {
    if (cause instanceof RangeError) throw new UsageError(cause.message, { cause })
    throw cause
  }
}

function warnOfFullness(utilisation: number): string {
  return `servers are ${formatShare(utilisation)} busy: a few percent more arrivals change the wait by factors`
}

function describe(input: ErlangInput, result: ErlangResult): string {
  const time = formatSignificant
  return [
    `${formatShare(result.wait_probability)} wait, on the mean ${formatSignificant(result.queue_length)} in line`,
    `response time ${time(result.response_time)} s; 95 % wait at most ${time(result.wait_p95)} s, 99 % ${time(result.wait_p99)} s`,
    `servers are ${formatShare(result.utilisation)} busy`,
    '',
    chartOf(input, result),
    ...warningLines(result.warnings),
  ].join('\n')
}

/** Response time over the arrivals, up to a little more than asked; ● is what was asked. */
function chartOf(input: ErlangInput, { utilisation, response_time }: ErlangResult): string {
  const end = Math.min(1.15 * utilisation, (1 + utilisation) / 2)
  const rates = Array.from(
    { length: 61 },
    (_, index) => (Math.max(index, 0.01) / 60) * end * input.servers * input.serviceRate,
  )
  const chart = drawTextChart({
    measured: [{ x: input.arrivalRate, y: response_time }],
    model: rates.map((arrivalRate) => ({ x: arrivalRate, y: solveErlang({ ...input, arrivalRate }).responseTime })),
    xLabel: 'arrivals per second',
    yLabel: 'response time s',
  })
  return chart.replace('● measured', '● asked')
}
