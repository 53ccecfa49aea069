import { z } from 'zod'
import type { Sample } from '../run-file.ts'

const DEADLINE_MS = 10_000

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
  const address = new URL('api/v1/query_range', url.endsWith('/') ? url : `${url}/`)
  const start = beganAtMs / 1_000
  address.search = String(
    new URLSearchParams({ query, start: String(start), end: String(start + seconds + 1), step: '1' }),
  )
  const response = await fetch(address, { signal: AbortSignal.timeout(DEADLINE_MS) })
  if (!response.ok) throw new Error(`${response.status} ${(await response.text()).slice(0, 200)}`)
  const { data } = rangeSchema.parse(await response.json())
  const sums = new Map<number, number>()
  for (const [at, text] of data.result.flatMap(({ values }) => values)) {
    const second = Math.round(at - start)
    if (Number.isFinite(Number(text))) sums.set(second, (sums.get(second) ?? 0) + Number(text))
  }
  return sums
}
