import type { Run } from '../run-file.ts'
import { environmentRows } from './environment-rows.ts'

/** A table with its head; `none` without a row. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'none'
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

export function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${cell(line)}`).join('\n')
}

/** One line, in which nothing is markup. */
export function cell(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

/** Where a run was made, and what makes it again. */
export function environmentSections(
  run: Parameters<typeof environmentRows>[0] & Pick<Run, 'repeat_with' | 'run_id'>,
): string[] {
  const rows = environmentRows(run).map(({ name, value }) => [name, value])
  return [
    '## Environment',
    table(['what', 'value'], rows),
    '## How to repeat',
    `\`\`\`sh\n${run.repeat_with}\nnpm run report -- ${run.run_id}\n\`\`\``,
  ]
}
