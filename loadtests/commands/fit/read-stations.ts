import { z } from 'zod'
import { UsageError } from '../../errors.ts'
import type { VaryingNetwork } from '../../model/varying-demands.ts'
import { readText } from './read-table.ts'

/** Stations of several servers cost the square of it. */
export const MOST_CUSTOMERS = 10_000

const customers = z.number().int().min(1).max(MOST_CUSTOMERS)
const seconds = z.number().nonnegative()

const stationSchema = z
  .strictObject({
    name: z.string().min(1),
    visits: z.number().nonnegative().default(1),
    service_time: z.union([
      seconds,
      z.array(z.strictObject({ customers: z.number().positive(), service_time: seconds })).min(1),
    ]),
    servers: z.union([z.number().int().min(1), z.literal('delay')]).optional(),
    rates: z.array(z.number().positive()).min(1).optional(),
  })
  .refine(({ servers, rates }) => servers === undefined || rates === undefined, {
    message: 'servers and rates contradict each other: give one of them',
  })

const networkSchema = z.strictObject({
  customers: customers.optional(),
  think_time: seconds.default(0),
  stations: z.array(stationSchema).min(1),
})

/** @throws UsageError that names the place in the file */
export async function readStations(file: string, instead: number | undefined): Promise<VaryingNetwork> {
  const parsed = networkSchema.safeParse(parseJson(file, await readText(file)))
  if (!parsed.success) throw new UsageError(`${file}: ${parsed.error.issues.map(describe).join('; ')}`)
  const { customers, think_time, stations } = parsed.data
  const count = instead ?? customers
  if (count === undefined) throw new UsageError(`${file} names no customers: add them, or say --customers`)
  const names = stations.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new UsageError(`${file} has two stations called "${twice}"`)
  return {
    customers: count,
    thinkTime: think_time,
    stations: stations.map(({ name, visits, service_time, servers, rates }) => ({
      name,
      visits,
      serviceTime: typeof service_time === 'number' ? service_time : service_time.map(toMeasured),
      servers: servers ?? 1,
      rates,
    })),
  }
}

function toMeasured(point: { customers: number; service_time: number }) {
  return { customers: point.customers, serviceTime: point.service_time }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`${file} is no JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

function describe({ path, message }: z.core.$ZodIssue): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  return place === '' ? message : `${place.replace(/^\./, '')}: ${message}`
}
