import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Command } from 'commander'
import { exitCodeFor } from '../analysis/exit-code.ts'
import { judgeRun } from '../analysis/gates.ts'
import { latencyTargetMs } from '../analysis/latency-target.ts'
import { summarise } from '../analysis/summarise.ts'
import { UsageError } from '../errors.ts'
import { renderTerminal, showsColour } from '../report/terminal-report.ts'
import { writeReports } from '../report/write-reports.ts'
import { RUN_SCHEMA, type Run, runSchema } from '../run-file.ts'
import { GUIDE_TARGETS, loadTargets, OWN_TARGETS } from '../targets/load-targets.ts'
import type { Targets } from '../targets/targets-schema.ts'
import { reportCapacity } from './finish-capacity.ts'
import { reportPoints } from './report-points.ts'

interface ReportOptions {
  json: boolean
  gate: boolean
  targets?: string
  out: string
}

const EXAMPLES = `
Examples:
  npm run report -- reports/2025-01-31-1200-hot-code
  npm run report -- 2025-01-31-1200-hot-code --targets my-targets.json --gate
  npm run --silent report -- run.json --json | jq .verdict`

/** `report <run>`: renders a run again from its run.json, with the targets of today. */
export function createReportCommand(): Command {
  return new Command('report')
    .description('render a run again from its files')
    .argument('<run>', 'directory of a run, its run.json, or its id')
    .option('--json', 'print the summary alone on stdout', false)
    .option('--targets <file>', 'targets to hold the run against (default: its own, or the guide)')
    .option('--gate', 'exit with 1 when a target was missed', false)
    .option('--out <directory>', 'where run ids are looked for', 'reports')
    .addHelpText('after', EXAMPLES)
    .action(report)
}

async function report(name: string, options: ReportOptions): Promise<void> {
  const file = await findRunFile(name, options.out)
  if (await reportCapacity(file, options)) return sayUnused(options, ['targets', 'gate'])
  if (await reportPoints(file, options)) return sayUnused(options, ['gate'])
  const raw = await readRun(file)
  const targets = options.targets ? await loadTargets(options.targets) : await targetsOf(file, raw)
  const run = judgeFile(file, raw, targets)
  const summary = whenDecoded(file, () => summarise(run, targets))
  await writeReports(dirname(file), run, summary)
  process.stderr.write(`report: ${join(dirname(file), 'report.html')}\n`)
  const table = () => renderTerminal(run, summary, { colour: showsColour(process.stdout) })
  process.stdout.write(`${options.json ? JSON.stringify(summary) : table()}\n`)
  process.exitCode = exitCodeFor(summary, options)
}

/** What was asked for and does not apply must not look as if it had been looked at. */
function sayUnused(options: ReportOptions, names: readonly ('targets' | 'gate')[]): void {
  for (const name of names.filter((each) => options[each]))
    process.stderr.write(`--${name} says nothing of this run: it is about runs of bench and load\n`)
}

/** Those that the run was made with, where they were its own; else the guide's, which are not about somebody's target. */
export async function targetsOf(runFile: string, { command, plan }: Run): Promise<Targets> {
  const own = join(dirname(runFile), OWN_TARGETS)
  const isThere = await stat(own).then(Boolean, () => false)
  if (isThere) return loadTargets(own)
  return command === 'load' ? { schema: 1, name: plan.scenario, targets: [] } : loadTargets(GUIDE_TARGETS)
}

/** The run.json that was meant: the file itself, one in the directory, or one of that id. */
export async function findRunFile(name: string, reports: string): Promise<string> {
  for (const candidate of [name, join(name, 'run.json'), join(reports, name, 'run.json')]) {
    const found = await stat(candidate).catch(() => null)
    if (found?.isFile()) return candidate
  }
  const known = (await readdir(reports).catch(() => [])).filter((entry) => entry !== 'README.md')
  const hint = known.length > 0 ? `; runs under ${reports}/: ${known.slice(-5).join(', ')}` : ''
  throw new UsageError(`no run "${name}": neither a run.json, nor a directory with one, nor an id${hint}`)
}

/** Throws a UsageError that names the file and up to five faults in it. */
export async function readRun(file: string): Promise<Run> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${file} cannot be read (${cause.code})`, { cause })
  })
  const content = parseJson(text, file)
  const parsed = runSchema.safeParse(content)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues
    .slice(0, 5)
    .map((issue) => `  ${issue.path.join('.') || basename(file)}: ${issue.message}`)
  throw new UsageError(`${file} is not a run of this version${wayOut(content)}:\n${faults.join('\n')}`)
}

const OF_RUNS = new Set(['bench', 'load'])

/** What the file probably is, and what to give instead. */
function wayOut(content: unknown): string {
  const keys: object = typeof content === 'object' && content !== null ? content : {}
  if ('results' in keys && 'verdict' in keys) return ' but a summary: give the run.json that stands beside it'
  if (!('schema' in keys)) return ', Redline did not write it: give the run.json of a run'
  if ('command' in keys && !OF_RUNS.has(String(keys.command)))
    return ` but one of ${keys.command}: give one of bench or load`
  const isNewer = typeof keys.schema === 'number' && keys.schema > RUN_SCHEMA
  return isNewer ? ` (it reads up to schema ${RUN_SCHEMA}): a newer Redline opens it` : ''
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause
    throw new UsageError(`${file} is not JSON: ${reason}. If it was copied while it was written, copy it again`, {
      cause,
    })
  }
}

export function judgeFile(file: string, run: Run, targets: Targets): Run {
  return whenDecoded(file, () => judgeRun(run, latencyTargetMs(targets, run.plan.scenario)))
}

/** A histogram that cannot be decoded is a fault of the file, not of ours. */
export function whenDecoded<Made>(file: string, make: () => Made): Made {
  try {
    return make()
  } catch (cause) {
    if (cause instanceof RangeError) throw new UsageError(`${file}: ${cause.message}`, { cause })
    throw cause
  }
}
