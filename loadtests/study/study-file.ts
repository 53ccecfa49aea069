import { appendFile, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { environmentSchema } from '../run-file.ts'

/** What a study does; decided when it begins, so that a resumed one goes on in the same way. */
export const studyPlanSchema = z.object({
  study: z.literal('aa'),
  schema: z.literal(1),
  started_at: z.iso.datetime(),
  /** Rounds of each block; slices of each variant in a round; requests of each slice, one after another. */
  rounds: z.number().int().positive(),
  slices: z.number().int().positive(),
  requests: z.number().int().positive(),
  seed: z.number().int(),
  environment: environmentSchema,
})
export type StudyPlan = z.infer<typeof studyPlanSchema>

const count = z.number().int().nonnegative()

/** All slices of one variant in one round. */
const roundFigureSchema = z.object({
  round: z.number().int().positive(),
  variant: z.string(),
  accepted: count,
  errors: count,
  /** From the first request of each slice to its last answer, added up. */
  seconds: z.number(),
  /** Median latency that the client saw. */
  p50_ms: z.number(),
  p25_ms: z.number(),
  p10_ms: z.number(),
  /** CPU time of the server process meanwhile. */
  server_cpu_us: z.number(),
  /** Spun in each request: a share of the median latency of the round before. */
  injected_us: z.number(),
})
export type RoundFigure = z.infer<typeof roundFigureSchema>

/** What requests of one variant caused, counted at the server's own clients to Redis. */
const countedSchema = z.object({ variant: z.string(), accepted: count, redis_commands: z.number() })
export type Counted = z.infer<typeof countedSchema>

/** One server process, measured in all variants. */
export const blockSchema = z.object({
  block: z.number().int().positive(),
  at: z.iso.datetime(),
  counted: z.array(countedSchema),
  figures: z.array(roundFigureSchema),
})
export type Block = z.infer<typeof blockSchema>

export const PLAN_FILE = 'plan.json'
export const TRIALS_FILE = 'trials.jsonl'

/** A block that was interrupted leaves nothing behind. */
export async function appendBlock(directory: string, block: Block): Promise<void> {
  await appendFile(join(directory, TRIALS_FILE), `${JSON.stringify(block)}\n`)
}

/** A block that was being written when the process was killed or the disk was full was not measured to its end. */
export async function dropHalfBlock(directory: string): Promise<void> {
  const file = join(directory, TRIALS_FILE)
  const text = await read(file, '')
  const end = text.lastIndexOf('\n') + 1
  if (end < text.length) await truncate(file, Buffer.byteLength(text.slice(0, end)))
}

/** @throws UsageError that names the file and what is wrong with it */
export async function readStudy(directory: string): Promise<{ plan: StudyPlan; blocks: Block[] }> {
  const planFile = join(directory, PLAN_FILE)
  const plan = parseWith(studyPlanSchema, await read(planFile), planFile)
  const file = join(directory, TRIALS_FILE)
  const lines = (await read(file, '')).split('\n').filter((line) => line !== '')
  const blocks = lines.map((line, index) => parseWith(blockSchema, line, `${file}, line ${index + 1}`))
  return { plan, blocks }
}

async function read(file: string, fallback?: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' && fallback !== undefined) return fallback
    throw new UsageError(`${file} cannot be read (${cause.code}): --resume takes the directory of a study`, { cause })
  })
}

function parseWith<Schema extends z.ZodType>(schema: Schema, text: string, where: string): z.output<Schema> {
  const parsed = schema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new UsageError(`${where} is not of this study: ${issue?.path.join('.') || 'it'}: ${issue?.message}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
