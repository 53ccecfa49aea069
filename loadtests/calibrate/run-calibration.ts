import { createRandom } from '../analysis/random.ts'
import type { Engine } from '../drivers/driver.ts'
import type { Calibration, CalibrationResult } from './calibration-file.ts'
import { type CalibrationContext, type Measurement, measurePattern } from './measure-pattern.ts'
import type { Pattern } from './patterns.ts'
import { errorsOf, isWithinTolerance, type Truth } from './truth.ts'

export interface CalibrationPlan {
  readonly patterns: readonly Pattern[]
  readonly drivers: readonly Engine[]
  /** What is not VALID is tried again, so often in all. */
  readonly tries: number
}

/**
 * Every driver on every pattern, in random order; a measurement that proves nothing is tried again.
 * @returns what was found, also when it was interrupted: then what was found until there, which passes nothing
 */
export async function runCalibration(
  context: CalibrationContext,
  plan: CalibrationPlan,
  onResult: (result: CalibrationResult) => void,
): Promise<Calibration> {
  const results: CalibrationResult[] = []
  const measureAll = async () => {
    for (const { pattern, driver } of orderOf(plan, context.seed)) {
      const result = await measureUntilValid(context, plan, driver, pattern, results)
      results.push(result)
      onResult(result)
    }
  }
  await measureAll().catch((error: unknown) => {
    if (!context.signal.aborted) throw error
  })
  const isComplete = !context.signal.aborted
  const demanded = results.filter((result) => result.demanded)
  const isWithin = demanded.every((one) => one.validity === 'VALID' && one.within_tolerance)
  return {
    schema: 1,
    made_at: new Date().toISOString(),
    status: isComplete ? 'complete' : 'interrupted',
    rate_per_second: context.rate,
    seconds: context.seconds,
    passed: isComplete && demanded.length > 0 && isWithin,
    results,
  }
}

/** Pattern by pattern; closed loops last: what they should have seen is told by the others. */
function orderOf({ patterns, drivers }: CalibrationPlan, seed: number) {
  const random = createRandom(seed)
  const place = (driver: Engine) => (driver === 'autocannon' ? 1 : random())
  return patterns.flatMap((pattern) => {
    const placed = drivers.map((driver) => ({ driver, pattern, place: place(driver) }))
    return placed.sort((a, b) => a.place - b.place)
  })
}

async function measureUntilValid(
  context: CalibrationContext,
  { tries }: CalibrationPlan,
  driver: Engine,
  pattern: Pattern,
  known: readonly CalibrationResult[],
): Promise<CalibrationResult> {
  for (let attempt = 1; ; attempt++) {
    const measurement = await measurePattern(context, driver, pattern).catch((error: unknown) => {
      context.signal.throwIfAborted()
      return failed(driver, pattern, error)
    })
    if (measurement.doubts.length === 0 || attempt >= tries) return judge(measurement, attempt, known)
  }
}

/** One that could not be made takes nothing from the others. */
function failed(driver: Engine, pattern: Pattern, error: unknown): Measurement {
  const doubts = [error instanceof Error ? error.message : String(error)]
  return { driver, pattern, truth: null, measured: null, samples: 0, cpuUsPerRequest: null, doubts }
}

function judge(measurement: Measurement, tries: number, known: readonly CalibrationResult[]): CalibrationResult {
  const { driver, pattern, measured, doubts } = measurement
  const truth = measurement.truth ?? truthSeenByOthers(pattern, known)
  const isComparable = measured !== null && truth !== null
  return {
    driver,
    pattern: pattern.name,
    validity: doubts.length > 0 || !isComparable ? 'INVALID' : 'VALID',
    validity_reasons: isComparable ? [...doubts] : [...doubts, 'there is nothing to compare'],
    samples: measurement.samples,
    truth_ms: truth?.least ?? null,
    truth_at_most_ms: truth?.most ?? null,
    measured_ms: measured,
    error: isComparable ? errorsOf(measured, truth) : null,
    within_tolerance: isComparable && isWithinTolerance(measured, truth),
    demanded: driver !== 'autocannon',
    cpu_us_per_request: measurement.cpuUsPerRequest,
    tries,
  }
}

/** What an open loop would have seen, for a closed one. */
function truthSeenByOthers({ name }: Pattern, known: readonly CalibrationResult[]): Truth | null {
  const open = known.find(({ pattern, demanded, truth_ms: truth }) => pattern === name && demanded && truth !== null)
  if (!open?.truth_ms) return null
  return { least: open.truth_ms, most: open.truth_at_most_ms ?? open.truth_ms }
}
