import { Command } from 'commander'
import { formatShare, formatSignificant, plural } from '../../analysis/format.ts'
import { UsageError } from '../../errors.ts'
import type { MvaResult } from '../../fit-file.ts'
import { type Bounds, boundsOf } from '../../model/bounds.ts'
import { type NetworkResult, solveClosedNetwork } from '../../model/closed-network.ts'
import { TRUSTED_RANGE } from '../../model/predict-usl.ts'
import { measuredUpTo, networkAt, solveVaryingNetwork, type VaryingNetwork } from '../../model/varying-demands.ts'
import { type ChartPoint, drawTextChart } from '../../report/charts/text-chart.ts'
import { createPlainTable, renderPlainTable } from '../../report/plain-table.ts'
import { parseWholeNumber } from '../options.ts'
import { printFit, warningLines } from './print-fit.ts'
import { MOST_CUSTOMERS, readStations } from './read-stations.ts'

interface MvaOptions {
  customers?: number
  json: boolean
}

/** A visit of a minute is rather one in milliseconds. */
const LONG_SECONDS = 60
const CHARTED_LOADS = 60
const CHARTED_VARYING_LOADS = 12

const EXAMPLES = `
A closed network: so many customers think, visit stations, and come again; solved exactly. The file:

  {
    "customers": 20,
    "think_time": 4,
    "stations": [
      { "name": "cpu", "visits": 16, "service_time": 0.125, "servers": 2 },
      { "name": "disk", "visits": 10, "service_time": 0.3 },
      { "name": "network", "visits": 1, "service_time": 0.05, "servers": "delay" }
    ]
  }

Times are seconds. visits and servers are 1 unless said otherwise; "delay" means that nobody waits there. Instead of
servers, "rates": [1, 1.8, 2.1] says how many times faster a station is with 1, 2, … customers there. A service time that
was measured at several loads is a list: "service_time": [{ "customers": 1, "service_time": 0.3 }, …].

Examples:
  npm run fit -- mva stations.json
  npm run fit -- mva stations.json --customers 50
  npm run --silent fit -- mva stations.json --json | jq .bounds`

/** `fit mva <file>`: throughput, response time and queues of a closed network. */
export function createMvaCommand(): Command {
  return new Command('mva')
    .description('a closed network of stations: throughput, response time, who waits where')
    .argument('<file>', 'JSON with customers, think_time and stations')
    .option('--customers <n>', 'instead of those in the file', parseWholeNumber(1, MOST_CUSTOMERS))
    .option('--json', 'print the result alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(mva)
}

async function mva(file: string, { customers, json }: MvaOptions): Promise<void> {
  const network = await readStations(file, customers)
  const { solved, bounds } = solve(file, network)
  const result: MvaResult = {
    model: 'mva',
    customers: network.customers,
    throughput: solved.throughput,
    response_time: solved.responseTime,
    stations: solved.stations.map(({ name, utilisation, queueLength, residenceTime }) => ({
      name,
      utilisation,
      queue_length: queueLength,
      residence_time: residenceTime,
    })),
    bounds: toBounds(bounds),
    warnings: warn(network),
  }
  printFit(result, json, () => describe(network, solved, result))
}

/** @throws UsageError for a network that is none */
function solve(file: string, network: VaryingNetwork): { solved: NetworkResult; bounds: Bounds } {
  try {
    return { solved: solveVaryingNetwork(network), bounds: boundsOf(networkAt(network, network.customers)) }
  } catch (cause) {
    if (cause instanceof RangeError) throw new UsageError(`${file}: ${cause.message}`, { cause })
    throw cause
  }
}

function toBounds({ throughput, responseTime, balanced, saturation, bottleneck }: Bounds): MvaResult['bounds'] {
  const tight = balanced && { throughput: balanced.throughput, response_time: balanced.responseTime }
  return { throughput, response_time: responseTime, balanced: tight, saturation, bottleneck }
}

function warn(network: VaryingNetwork): string[] {
  const warnings: string[] = []
  const measured = measuredUpTo(network)
  if (measured !== null && network.customers > TRUSTED_RANGE * measured)
    warnings.push(
      `EXTRAPOLATED: service times were measured up to ${measured} customers, ${network.customers} are more than ${TRUSTED_RANGE} × that`,
    )
  const long = networkAt(network, network.customers).stations.find(({ serviceTime }) => serviceTime >= LONG_SECONDS)
  if (long) warnings.push(`${long.name} takes ${long.serviceTime} s per visit: times are read as seconds`)
  return warnings
}

function describe(network: VaryingNetwork, solved: NetworkResult, result: MvaResult): string {
  const { throughput, response_time, customers, bounds } = result
  const { low, high } = bounds.throughput
  return [
    `${formatSignificant(throughput)}/s with ${plural(customers, 'customer')}, response time ${formatSignificant(response_time)} s`,
    `between ${formatSignificant(low)} and ${formatSignificant(high)}/s whatever the service times' distribution`,
    bounds.bottleneck === null || bounds.saturation === null
      ? 'nobody ever waits'
      : `${bounds.bottleneck} sets the limit; it is near from about ${formatSignificant(bounds.saturation)} customers on`,
    '',
    tableOf(result),
    '',
    drawTextChart({ measured: [], model: curveOf(network, solved), xLabel: 'customers', yLabel: 'per second' }),
    ...warningLines(result.warnings),
  ].join('\n')
}

function tableOf({ stations }: MvaResult): string {
  const table = createPlainTable({
    head: ['station', 'busy', 'there', 'seconds of a round'],
    colAligns: ['left', 'right', 'right', 'right'],
  })
  for (const { name, utilisation, queue_length, residence_time } of stations)
    table.push([
      name,
      utilisation === null ? 'delay' : formatShare(utilisation),
      formatSignificant(queue_length),
      formatSignificant(residence_time),
    ])
  return renderPlainTable(table)
}

/** Fixed demands give every load at once; others are solved for a few loads. */
function curveOf(network: VaryingNetwork, { throughputs }: NetworkResult): ChartPoint[] {
  const varies = measuredUpTo(network) !== null
  const count = Math.min(network.customers, varies ? CHARTED_VARYING_LOADS : CHARTED_LOADS)
  const loads = Array.from({ length: count }, (_, index) => Math.ceil(((index + 1) * network.customers) / count))
  const at = (n: number) => (varies ? solveClosedNetwork(networkAt(network, n)).throughput : (throughputs[n - 1] ?? 0))
  return loads.map((n) => ({ x: n, y: at(n) }))
}
