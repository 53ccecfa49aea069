import { findK6 } from '../drivers/k6-binary.ts'
import { UsageError } from '../errors.ts'
import type { Plan } from '../run-file.ts'

/**
 * Says before anything is started that a load could not be made.
 * @throws UnreachableError without a k6 of the right version, UsageError for arrivals that k6 does not have
 */
export async function checkEngine({ engine, arrivals }: Pick<Plan, 'engine' | 'arrivals'>): Promise<void> {
  if (engine !== 'k6') return
  if (arrivals?.model === 'poisson')
    throw new UsageError(
      'k6 has no arrivals at random moments: --engine paced has, or choose a constant rate (--rate).',
    )
  await findK6()
}
