import { appendFile, writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { whyIncomparable } from '../analysis/comparable.ts'
import { compareHistory } from '../analysis/compare-history.ts'
import { compareRuns } from '../analysis/compare-runs.ts'
import { joinWords } from '../analysis/format.ts'
import type { History, RunComparison } from '../compare-file.ts'
import { UsageError } from '../errors.ts'
import { renderComparisonJunit } from '../report/compare-junit.ts'
import { renderComparison, renderComparisonMarkdown } from '../report/compare-report.ts'
import { renderHistory, renderHistoryMarkdown } from '../report/history-report.ts'
import { showsColour } from '../report/terminal-report.ts'
import type { Run } from '../run-file.ts'
import { findRunFile, judgeFile, readRun, targetsOf, whenDecoded } from './report.ts'

interface CompareOptions {
  baseline?: string
  gate: boolean
  json: boolean
  markdown?: string
  junit?: string
  out: string
}

const EXAMPLES = `
Two runs of one scenario are compared mode by mode: the first is before, the second after. More than two are a history
in order of time. What takes time is held against the bare Express route of the same rounds, so that a machine of another
speed is no change; commands, round trips and statements are counted, and need no interval.

Examples:
  npm run compare -- 2025-01-31-1200-hot-code-3f9a 2025-02-01-0900-hot-code-77b0
  npm run compare -- --baseline main.json reports/2025-02-01-0900-hot-code-77b0 --gate
  npm run compare -- reports/2025-*-hot-code-*                    where did it change?
  npm run --silent compare -- --json A B | jq -r .verdict
  npm run compare -- A B --markdown comment.md --junit compare.xml

Exit codes: 0 fine, 1 a regression (with --gate), 2 a file that is no run or runs of different shape, 3 nothing can be
concluded. The JSON is described by loadtests/schemas/compare.schema.json.

Environment:
  GITHUB_STEP_SUMMARY   file to which the Markdown is appended (GitHub sets it)
  NO_COLOR              no colours`

/** `compare <runs...>`: what changed, with intervals, a verdict and an exit code for CI. */
export function createCompareCommand(): Command {
  return new Command('compare')
    .description('what changed from one run to another, or over several')
    .argument('<runs...>', 'directories, run.json files or ids')
    .option('--baseline <run>', 'the run before; then one run is given')
    .option('--gate', 'exit with 1 on a regression', false)
    .option('--json', 'print the comparison alone on stdout', false)
    .option('--markdown <file>', 'write it as Markdown, for a pull request')
    .option('--junit <file>', 'write it as JUnit XML')
    .option('--out <directory>', 'where run ids are looked for', 'reports')
    .addHelpText('after', EXAMPLES)
    .action(compare)
}

async function compare(names: string[], options: CompareOptions): Promise<void> {
  const all = options.baseline === undefined ? names : [options.baseline, ...names]
  const { runs, files } = await readRuns(all, options)
  const [first, second, ...more] = runs
  if (first === undefined || second === undefined)
    throw new UsageError('compare needs two runs, or one and --baseline: npm run compare -- BEFORE AFTER')
  const named = joinWords(files)
  if (more.length > 0)
    return reportHistory(
      whenDecoded(named, () => compareHistory(runs)),
      options,
    )
  await reportComparison(
    whenDecoded(named, () => compareRuns(first, second)),
    options,
  )
}

/**
 * The runs without the trials that a gate refused.
 * @throws UsageError when a file is no run, or one of them has another shape than the first
 */
async function readRuns(names: readonly string[], { out }: CompareOptions): Promise<{ runs: Run[]; files: string[] }> {
  const files = await Promise.all(names.map((name) => findRunFile(name, out)))
  const readJudged = async (file: string) => {
    const run = await readRun(file)
    return judgeFile(file, run, await targetsOf(file, run))
  }
  const runs = await Promise.all(files.map(readJudged))
  for (const [index, run] of runs.entries()) {
    const reason = runs[0] && whyIncomparable(runs[0], run)
    if (reason) throw new UsageError(`${files[0]} and ${files[index]} cannot be compared, ${reason}.`)
  }
  return { runs, files }
}

async function reportComparison(comparison: RunComparison, options: CompareOptions): Promise<void> {
  const table = () => renderComparison(comparison, { colour: showsColour(process.stdout) })
  await publish(comparison, table, renderComparisonMarkdown(comparison), options)
  if (options.junit !== undefined) await write(options.junit, renderComparisonJunit(comparison))
  process.exitCode = exitCodeOf(comparison, options.gate)
}

async function reportHistory(history: History, options: CompareOptions): Promise<void> {
  if (options.gate || options.junit !== undefined)
    throw new UsageError('--gate and --junit are about two runs: a history has no before and after.')
  const table = () => renderHistory(history, { colour: showsColour(process.stdout) })
  await publish(history, table, renderHistoryMarkdown(history), options)
}

async function publish(
  result: RunComparison | History,
  table: () => string,
  markdown: string,
  options: CompareOptions,
): Promise<void> {
  process.stdout.write(`${options.json ? JSON.stringify(result) : table()}\n`)
  if (options.markdown !== undefined) await write(options.markdown, markdown)
  const stepSummary = process.env['GITHUB_STEP_SUMMARY']
  if (stepSummary) await appendFile(stepSummary, `${markdown}\n`).catch(refuse(stepSummary))
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch(refuse(file))
}

/** A file that cannot be written was asked for wrongly, but for a full disk. */
function refuse(file: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    if (cause.code === 'ENOSPC') throw cause
    throw new UsageError(`${file} cannot be written (${cause.code})`, { cause })
  }
}

/** 1 a regression (only with the gate), 3 nothing can be concluded, else 0. */
function exitCodeOf({ outcome }: RunComparison, gate: boolean): 0 | 1 | 3 {
  if (outcome === 'nothing can be concluded') return 3
  return gate && (outcome === 'regression' || outcome === 'mixed') ? 1 : 0
}
