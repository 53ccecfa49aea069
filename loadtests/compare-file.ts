import { z } from 'zod'
import { SUBJECTS } from './run-file.ts'

/** What `compare --json` prints and keeps; its JSON Schema stands in schemas/. */
export const COMPARE_SCHEMA = 1

const runReferenceSchema = z.object({
  run_id: z.string(),
  started_at: z.iso.datetime(),
  git_commit: z.string().nullable(),
  rounds: z.number().int().nonnegative(),
})

/** `maybe`: its own 95 % interval excludes 1, but among so many figures that happens by chance. */
export const ROW_VERDICTS = [
  'worse',
  'better',
  'maybe worse',
  'maybe better',
  'no difference seen',
  'the same',
  'too few rounds',
] as const

const rowSchema = z.object({
  scenario: z.string(),
  mode: z.enum(SUBJECTS),
  figure: z.string(),
  unit: z.string(),
  /** Counted work is compared as it is; what takes time by rounds. */
  kind: z.enum(['time', 'counted']),
  /** Medians over rounds; of counted work the mean per redemption. */
  first: z.number().nullable(),
  second: z.number().nullable(),
  /** Second over first; held against the ceiling of the same rounds where `reference` says so. */
  ratio: z.object({ estimate: z.number(), low: z.number().nullable(), high: z.number().nullable() }).nullable(),
  reference: z.enum(['ceiling', 'none']),
  p: z.number().nullable(),
  /** The least change that is seen in 80 % of such comparisons, as a share of the first. */
  detectable: z.number().nullable(),
  /** Whether it can decide about the whole; others are shown. */
  judged: z.boolean(),
  verdict: z.enum(ROW_VERDICTS),
})
export type Row = z.infer<typeof rowSchema>

export const OUTCOMES = [
  'regression',
  'improvement',
  'mixed',
  'no difference seen',
  'nothing can be concluded',
] as const

export const comparisonSchema = z.object({
  schema: z.literal(COMPARE_SCHEMA),
  first: runReferenceSchema,
  second: runReferenceSchema,
  outcome: z.enum(OUTCOMES),
  /** In a sentence or two. */
  verdict: z.string(),
  /** What differs between the environments, and what else weakens the comparison. */
  warnings: z.array(z.string()),
  rows: z.array(rowSchema),
  /** Invariants that broke in the second run and held in the first. */
  broken: z.array(z.string()),
  /** Modes of which 1 % more of the requests fail, or are refused, in the second run, and more in each of its rounds than in the first run. */
  failing: z.array(z.string()),
  /** Modes that were measured in the first run and of which no trial of the second counts. */
  lost: z.array(z.string()),
})
export type RunComparison = z.infer<typeof comparisonSchema>

const seriesSchema = z.object({
  scenario: z.string(),
  mode: z.enum(SUBJECTS),
  figure: z.string(),
  unit: z.string(),
  reference: z.enum(['ceiling', 'none']),
  /** One for each run, in order of time; null where the run does not have it. */
  values: z.array(z.number().nullable()),
  /** Indices of the runs with which a new level begins. */
  changes: z.array(z.number().int().nonnegative()),
})
export type Series = z.infer<typeof seriesSchema>

export const historySchema = z.object({
  schema: z.literal(COMPARE_SCHEMA),
  runs: z.array(runReferenceSchema),
  verdict: z.string(),
  warnings: z.array(z.string()),
  series: z.array(seriesSchema),
})
export type History = z.infer<typeof historySchema>

/** Two runs, or several in order of time. */
export const compareFileSchema = z.union([comparisonSchema, historySchema])
