import { readFile } from 'node:fs/promises'
import { median } from '../analysis/bootstrap.ts'
import { formatShare, plural } from '../analysis/format.ts'
import { UsageError } from '../errors.ts'
import { FIGURES } from '../points/point-figures.ts'
import { writeAtomically } from '../write-atomically.ts'
import { type PlanRecord, recordSchema } from './plan-file.ts'

/** Beside the plans, so that it outlives each of them. */
export const RECORD_FILE = 'plan-record.json'

/** @throws UsageError for a file that is no record: it is never written over */
export async function readRecord(file: string): Promise<PlanRecord> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return { schema: 1, plans: [] }
  try {
    return recordSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new UsageError(`${file} is no record of plans of this version: move it away, and a new one begins.`, {
      cause,
    })
  }
}

export async function addToRecord(file: string, plan: PlanRecord['plans'][number]): Promise<PlanRecord> {
  const record = await readRecord(file)
  const grown = { ...record, plans: [...record.plans, plan] }
  await writeAtomically(file, `${JSON.stringify(grown, null, 2)}\n`)
  return grown
}

/** `median error throughput 1.2 %, … over 5 plans …; 9 of 10 intervals of mean and p99 held`, or that there is none. */
export function describeRecord({ plans }: PlanRecord): string {
  if (plans.length === 0) return 'no plan was verified on this machine so far (--verify)'
  const errors = FIGURES.map((figure) => {
    const error = median(plans.map((plan) => Math.abs(plan.errors[figure])))
    return `${figure} ${formatShare(error)}`
  })
  // As many answers as people come, as long as the system keeps up: that is no merit of the model.
  const held = plans.flatMap(({ held }) => [held.mean, held.p99])
  return (
    `median error ${errors.join(', ')} over ${plural(plans.length, 'plan')} that ${plans.length === 1 ? 'was' : 'were'} ` +
    `verified; ${held.filter(Boolean).length} of ${held.length} intervals of mean and p99 held`
  )
}
