import { z } from 'zod'
import type { Sample } from '../run-file.ts'
import { reasonOf } from '../sut/ask-json.ts'
import { describeFailure } from '../sut/store.ts'
import { splitCredentials } from './basic-auth.ts'

const DEADLINE_MS = 10_000
/** Prometheus refuses more than 11,000 of a series at once. */
const MOST_POINTS = 10_000

/** Of the HTTP API, "Range queries". */
const rangeSchema = z.object({
  status: z.literal('success'),
  data: z.object({ result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])) })) }),
})

/**
 * Asks a Prometheus what it saw during these samples, a value each second; several series of one query are added up. A query
 * that cannot be answered is a gap on the timeline, told by `onFault`, and no reason to lose the trial.
 */
export async function addPrometheus(
  samples: readonly Sample[],
  beganAtMs: number,
  { url, queries }: { url: string; queries: Readonly<Record<string, string>> },
  onFault: (message: string) => void,
): Promise<Sample[]> {
  const last = samples.at(-1)
  if (!last) return []
  const columns = await Promise.all(
    Object.entries(queries).map(async ([name, query]) => {
      const values = await queryRange(url, query, beganAtMs, last.t).catch((error: Error) => {
        onFault(`Prometheus, "${name}": ${error.message}`)
        return new Map<number, number>()
      })
      return [name, values] as const
    }),
  )
  return samples.map((sample) => {
    const extra = columns.map(([name, values]) => [name, values.get(Math.round(sample.t)) ?? null] as const)
    return { ...sample, extra: Object.fromEntries(extra) }
  })
}

/** @returns second of the trial → value */
async function queryRange(
  url: string,
  query: string,
  beganAtMs: number,
  seconds: number,
): Promise<Map<number, number>> {
  const start = beganAtMs / 1_000
  const sums = new Map<number, number>()
  for (let from = 0; from <= seconds + 1; from += MOST_POINTS) {
    const to = Math.min(seconds + 1, from + MOST_POINTS - 1)
    for (const [at, text] of await askRange(url, query, start + from, start + to)) {
      const second = Math.round(at - start)
      if (Number.isFinite(Number(text))) sums.set(second, (sums.get(second) ?? 0) + Number(text))
    }
  }
  return sums
}

async function askRange(base: string, query: string, start: number, end: number): Promise<[number, string][]> {
  const { url, headers } = splitCredentials(new URL('api/v1/query_range', base.endsWith('/') ? base : `${base}/`))
  url.search = String(new URLSearchParams({ query, start: String(start), end: String(end), step: '1' }))
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(DEADLINE_MS) }).catch((error: unknown) => {
    throw new Error(`${url.origin} does not answer: ${describeFailure(reasonOf(error))}`, { cause: error })
  })
  if (!response.ok) throw new Error(`${response.status} ${(await response.text()).slice(0, 200)}`)
  const { data } = rangeSchema.parse(await response.json())
  return data.result.flatMap(({ values }) => values)
}
