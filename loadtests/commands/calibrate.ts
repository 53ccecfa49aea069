import { join } from 'node:path'
import { Command } from 'commander'
import { type Calibration, readCalibration } from '../calibrate/calibration-file.ts'
import { PATTERNS, type Pattern, parsePattern } from '../calibrate/patterns.ts'
import { runCalibration } from '../calibrate/run-calibration.ts'
import { ENGINES, type Engine } from '../drivers/driver.ts'
import { startGenerator } from '../drivers/generator.ts'
import { findK6 } from '../drivers/k6-binary.ts'
import { calibrationLine, renderCalibration } from '../report/calibration-report.ts'
import { showsColour } from '../report/terminal-report.ts'
import { clearAfterKilled } from '../sut/leftovers.ts'
import { createRunDirectory } from '../sut/run-directory.ts'
import { writeAtomically } from '../write-atomically.ts'
import { makeRunDirectory } from './finish-run.ts'
import { type Interruption, watchInterruption } from './interruption.ts'
import { parseChoices, parseSeconds, parseWholeNumber } from './options.ts'
import { createRunId } from './run-bench.ts'

interface CalibrateOptions {
  drivers?: Engine[]
  pattern: Pattern[]
  rate: number
  duration: number
  tries: number
  seed: number
  gate: boolean
  json: boolean
  out: string
}

const EXAMPLES = `
A server that writes down what really happened to each request is loaded by each driver; the difference of what the
driver reports is the meter's own error. Demanded of the open loops: p50, p95, p99, p99.9 and mean within 2 % of the
truth, or 0.3 ms where that is more. autocannon is a closed loop: during a stall it sends nothing, so it misses those
who would have come, which is shown.

Patterns: ${PATTERNS.map(({ name }) => name).join(', ')}, or parts: base=5ms, stall=300ms/5s, slow=80ms@10%, sigma=1

Examples:
  npm run calibrate                                                  all patterns, all drivers (about 9 minutes)
  npm run calibrate -- --pattern stall=300ms/5s,base=5ms --rate 200  one pattern
  npm run calibrate -- --drivers paced --pattern fixed --gate        exit 1 when the error is too large
  npm run --silent calibrate -- --json | jq .passed`

/** `calibrate`: the meter's own error, on servers whose latency is known. */
export function createCalibrateCommand(): Command {
  return new Command('calibrate')
    .description("measure servers whose true latency is known, and print the meter's own error")
    .option('--drivers <list>', `comma-separated: ${ENGINES.join(', ')}`, parseChoices(ENGINES))
    .option('--pattern <pattern>', 'how the server behaves, see below; may be repeated', collectPattern, [])
    .option('--rate <n>', 'requests per second', parseWholeNumber(1, 20_000), 200)
    .option('--duration <seconds>', 'of each measurement', parseSeconds, 20)
    .option(
      '--tries <n>',
      'a measurement that proves nothing is tried again, so often in all',
      parseWholeNumber(1, 20),
      2,
    )
    .option('--seed <n>', 'of the order and of the latencies that are drawn', parseWholeNumber(0), 1)
    .option('--gate', 'exit with 1 when an error is larger than demanded', false)
    .option('--json', 'print the result alone on stdout', false)
    .option('--out <directory>', 'calibration.json is written there, and the reports of later runs show it', 'reports')
    .addHelpText('after', EXAMPLES)
    .action(calibrate)
}

function collectPattern(text: string, before: Pattern[]): Pattern[] {
  return [...before, parsePattern(text)]
}

async function calibrate(options: CalibrateOptions): Promise<void> {
  const drivers = options.drivers ?? (await driversAtHand())
  if (options.drivers?.includes('k6')) await findK6()
  await makeRunDirectory(options.out)
  const interruption = watchInterruption('what was measured is kept')
  try {
    const calibration = await measure(options, drivers, interruption)
    const table = () => renderCalibration(calibration, { colour: showsColour(process.stdout) })
    process.stdout.write(`${options.json ? JSON.stringify(calibration) : table()}\n`)
    process.exitCode = interruption.exitCode ?? exitCodeFor(calibration, options)
    await keep(calibration, options.out)
  } finally {
    interruption.dispose()
  }
}

/** What reports of later runs show. Nothing that was broken off takes the place of a whole one. */
async function keep(calibration: Calibration, out: string): Promise<void> {
  const file = join(out, 'calibration.json')
  const known = calibration.status === 'complete' ? null : await readCalibration(file)
  if (known?.status === 'complete') process.stderr.write(`${file} stays as it is: it is whole\n`)
  else await writeAtomically(file, `${JSON.stringify(calibration, null, 2)}\n`)
}

/** Those of which nothing is known are left out, visibly. */
async function driversAtHand(): Promise<Engine[]> {
  const reason = await findK6().then(
    () => null,
    (error: Error) => error.message,
  )
  if (reason !== null) process.stderr.write(`without k6: ${reason}\n`)
  return ENGINES.filter((engine) => engine !== 'k6' || reason === null)
}

async function measure(options: CalibrateOptions, drivers: Engine[], { signal }: Interruption): Promise<Calibration> {
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  await clearAfterKilled(say)
  const patterns = options.pattern.length > 0 ? options.pattern : PATTERNS
  const { rate, duration: seconds, seed, tries } = options
  const directory = createRunDirectory(createRunId(new Date(), 'calibration'))
  try {
    const generator = await startGenerator(directory, signal)
    try {
      let done = 0
      const total = patterns.length * drivers.length
      say(`${total} measurements of ${seconds} s at ${rate} requests per second`)
      const context = { directory, generator, rate, seconds, seed, signal }
      return await runCalibration(context, { patterns, drivers, tries }, (result) =>
        say(`  ${++done}/${total} ${calibrationLine(result)}`),
      )
    } finally {
      await generator.stop()
    }
  } finally {
    await directory.remove()
  }
}

function exitCodeFor({ passed, results }: Calibration, { gate }: CalibrateOptions): number {
  const demanded = results.filter((result) => result.demanded)
  if (!demanded.some(({ validity }) => validity === 'VALID')) return demanded.length === 0 ? 0 : 3
  return gate && !passed ? 1 : 0
}
