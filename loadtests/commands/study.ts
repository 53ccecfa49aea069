import { randomInt } from 'node:crypto'
import { rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { formatSeconds, plural } from '../analysis/format.ts'
import { UsageError } from '../errors.ts'
import { renderStudy } from '../study/report-study.ts'
import { runStudy } from '../study/run-study.ts'
import { appendBlock, type Block, dropHalfBlock, PLAN_FILE, readStudy, type StudyPlan } from '../study/study-file.ts'
import { summariseStudy } from '../study/summarise-study.ts'
import { VARIANTS } from '../study/variants.ts'
import { makeRunDirectory } from './finish-run.ts'
import { watchInterruption } from './interruption.ts'
import { parseWholeNumber } from './options.ts'
import { createRunId } from './run-bench.ts'
import { createAccuracyCommand } from './study-accuracy.ts'

interface StudyOptions {
  blocks: number
  rounds: number
  slices: number
  requests: number
  seed?: number
  resume?: string
  out: string
  gate: boolean
  json: boolean
}

const EXAMPLES = `
The same configuration is measured under six names, and slowed down by 5 %, by 10 %, and by one more Redis command per
request. A block is one server process; each of its rounds has short slices of every variant, in random order. A block
gives three comparisons of the same with the same, none of which share a slice, and one of each slow-down.

Examples:
  npm run study:aa                                  about 45 minutes; Ctrl-C ends it, whole blocks are kept
  npm run study:aa -- --blocks 3                    a first look
  npm run study:aa -- --resume reports/DIRECTORY    goes on where it was stopped
  npm run study:aa -- --resume reports/DIRECTORY --blocks 0    only renders again what is there`

/** `study aa`: how often the comparison errs, counted on this machine. */
export function createStudyCommand(): Command {
  const aa = new Command('aa')
    .description('the same configuration against itself and against known slow-downs: how often is the verdict right?')
    .option('--blocks <n>', 'blocks in all', parseWholeNumber(0, 100_000), 34)
    .option('--rounds <n>', 'of each block', parseWholeNumber(5, 1_000), 20)
    .option('--slices <n>', 'of each variant in a round', parseWholeNumber(1, 1_000), 15)
    .option('--requests <n>', 'of each slice', parseWholeNumber(1, 10_000), 8)
    .option('--seed <n>', 'of the order of slices (default: drawn)', parseWholeNumber(0))
    .option('--resume <directory>', 'go on with this study, as it was planned')
    .option('--out <directory>', 'where the study is written', 'reports')
    .option('--gate', 'exit with 1 when a demand was missed', false)
    .option('--json', 'print the summary alone on stdout', false)
    .addHelpText('after', EXAMPLES)
    .action(study)
  return new Command('study')
    .description('studies of the harness itself')
    .addCommand(aa)
    .addCommand(createAccuracyCommand())
}

async function study(options: StudyOptions): Promise<void> {
  const isNew = options.resume === undefined
  if (isNew && options.blocks === 0)
    throw new UsageError('--blocks 0 measures nothing: with --resume it renders that study again.')
  const directory = options.resume ?? join(options.out, createRunId(new Date(), 'study-aa'))
  if (isNew) await makeRunDirectory(directory)
  const interruption = watchInterruption('whole blocks are kept')
  const { signal } = interruption
  try {
    if (!isNew) await dropHalfBlock(directory)
    await measure(directory, isNew ? null : await readStudy(directory), options, signal)
    await publish(directory, options, signal)
    process.exitCode = interruption.exitCode ?? process.exitCode
  } finally {
    interruption.dispose()
    // Nothing was written into it.
    if (isNew) await rmdir(directory).catch(() => undefined)
  }
}

type Known = { plan: StudyPlan; blocks: Block[] } | null

async function measure(directory: string, known: Known, options: StudyOptions, signal: AbortSignal): Promise<void> {
  const first = Math.max(0, ...(known?.blocks.map(({ block }) => block) ?? [])) + 1
  if (options.blocks < first) return
  const say = (line: string) => void process.stderr.write(`${line}\n`)
  const startedAt = performance.now()
  await runStudy({
    id: createRunId(new Date(), 'study-aa'),
    plan: async (environment) => {
      const plan = known?.plan ?? planStudy(options, environment)
      await writeFile(join(directory, PLAN_FILE), JSON.stringify(plan))
      say(`${directory}: ${plural(options.blocks, 'block')} of ${plan.rounds} rounds × ${VARIANTS.length} variants`)
      return plan
    },
    first,
    last: options.blocks,
    signal,
    say,
    onBlock: async (measured) => {
      await appendBlock(directory, measured)
      const { block } = measured
      const each = (performance.now() - startedAt) / 1000 / (block - first + 1)
      say(`block ${block} of ${options.blocks}, about ${formatSeconds(each * (options.blocks - block))} left`)
    },
  })
}

function planStudy({ rounds, slices, requests, seed }: StudyOptions, environment: StudyPlan['environment']) {
  return {
    study: 'aa',
    schema: 1,
    started_at: new Date().toISOString(),
    rounds,
    slices,
    requests,
    seed: seed ?? randomInt(1_000_000),
    environment,
  } satisfies StudyPlan
}

/** Six digits are more than any of it is known to. */
function shorten(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value
}

/** @throws InterruptedError when no block was whole by then */
async function publish(directory: string, options: StudyOptions, signal: AbortSignal): Promise<void> {
  const { plan, blocks } = await readStudy(directory).catch((fault: unknown) => {
    signal.throwIfAborted()
    throw fault
  })
  const summary = summariseStudy(plan, blocks)
  if (summary.blocks === 0) {
    signal.throwIfAborted()
    throw new UsageError(`${directory} has no block yet: --blocks says how many are measured.`)
  }
  const text = renderStudy(plan, summary)
  await writeFile(join(directory, 'summary.json'), `${JSON.stringify(summary, shorten)}\n`)
  await writeFile(join(directory, 'report.md'), text)
  process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : text)
  process.stderr.write(`study: ${join(directory, 'report.md')}\n`)
  process.exitCode = options.gate && summary.demands.some(({ verdict }) => verdict === 'missed') ? 1 : 0
}
