import { createRandom } from '../analysis/random.ts'
import type { Engine } from '../drivers/driver.ts'
import type { Calibration, CalibrationResult } from './calibration-file.ts'
import { type CalibrationContext, type Measurement, measurePattern } from './measure-pattern.ts'
import type { Pattern } from './patterns.ts'
import { errorsOf, isWithinTolerance } from './truth.ts'

export interface CalibrationPlan {
  readonly patterns: readonly Pattern[]
  readonly drivers: readonly Engine[]
  /** What is not VALID is tried again, so often in all. */
  readonly tries: number
}

/** Every driver on every pattern, in random order; a measurement that proves nothing is tried again. */
export async function runCalibration(
  context: CalibrationContext,
  plan: CalibrationPlan,
  onResult: (result: CalibrationResult) => void,
): Promise<Calibration> {
  const random = createRandom(context.seed)
  const results: CalibrationResult[] = []
  for (const pattern of plan.patterns) {
    // Closed loops last: what they should have seen is told by the others.
    const order = [...plan.drivers].sort(
      (a, b) => Number(a === 'autocannon') - Number(b === 'autocannon') || random() - 0.5,
    )
    for (const driver of order) {
      const result = await measureUntilValid(context, plan, driver, pattern, results)
      results.push(result)
      onResult(result)
    }
  }
  const demanded = results.filter((result) => result.demanded)
  return {
    schema: 1,
    made_at: new Date().toISOString(),
    rate_per_second: context.rate,
    seconds: context.seconds,
    passed: demanded.length > 0 && demanded.every((one) => one.validity === 'VALID' && one.within_tolerance),
    results,
  }
}

async function measureUntilValid(
  context: CalibrationContext,
  { tries }: CalibrationPlan,
  driver: Engine,
  pattern: Pattern,
  known: readonly CalibrationResult[],
): Promise<CalibrationResult> {
  for (let attempt = 1; ; attempt++) {
    const measurement = await measurePattern(context, driver, pattern)
    if (measurement.doubts.length === 0 || attempt >= tries) return judge(measurement, attempt, known)
  }
}

function judge(measurement: Measurement, tries: number, known: readonly CalibrationResult[]): CalibrationResult {
  const { driver, pattern, measured, doubts } = measurement
  const open = known.find((result) => result.pattern === pattern.name && result.demanded && result.truth_ms !== null)
  const truth = measurement.truth ?? open?.truth_ms ?? null
  const isComparable = measured !== null && truth !== null
  return {
    driver,
    pattern: pattern.name,
    validity: doubts.length > 0 || !isComparable ? 'INVALID' : 'VALID',
    validity_reasons: isComparable ? [...doubts] : [...doubts, 'there is nothing to compare'],
    samples: measurement.samples,
    truth_ms: truth,
    measured_ms: measured,
    error: isComparable ? errorsOf(measured, truth) : null,
    within_tolerance: isComparable && isWithinTolerance(measured, truth),
    demanded: driver !== 'autocannon',
    cpu_us_per_request: measurement.cpuUsPerRequest,
    tries,
  }
}
