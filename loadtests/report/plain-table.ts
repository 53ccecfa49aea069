import Table from 'cli-table3'

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** A table without lines, for the terminal. */
export function createPlainTable(options: Pick<Table.TableConstructorOptions, 'head' | 'colAligns' | 'colWidths'>) {
  return new Table({
    ...options,
    wordWrap: options.colWidths !== undefined,
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  })
}

/** Its lines, without the blanks behind a last column that is mostly empty. */
export function renderPlainTable(table: Table.Table): string {
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
