import { type Html, html } from '../html.ts'
import { coordinate } from './scale.ts'

/** Values over two knobs: a row of cells for each of `rows`, a cell for each of `columns`; null where nothing was measured. */
export interface HeatMap {
  readonly title: string
  readonly columnLabel: string
  readonly rowLabel: string
  readonly columns: readonly (string | number)[]
  readonly rows: readonly (string | number)[]
  readonly cells: readonly (readonly (number | null)[])[]
  readonly format: (value: number) => string
  /** What `cells` are, with their unit. */
  readonly unit: string
}

/** The strongest colour is the greatest value; each cell shows its number too, so that nobody depends on colours. */
export function heatMap({ title, columnLabel, rowLabel, columns, rows, cells, format, unit }: HeatMap): Html {
  const shade = shadeOf(cells)
  return html`<figure class="heat-map"><figcaption>${title}</figcaption>
    <div class="scroll"><table><thead>
      <tr><th></th><th class="left" colspan="${columns.length}">${columnLabel}</th></tr>
      <tr><th>${rowLabel}</th>${columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
    <tbody>${rows.map(
      (row, index) =>
        html`<tr><th>${row}</th>${columns.map((_, place) => cellOf(cells[index]?.[place] ?? null, shade, format))}</tr>`,
    )}</tbody></table></div>
    <p class="axes">${unit}; the stronger the colour, the more</p></figure>`
}

function cellOf(value: number | null, shade: (value: number) => number, format: (value: number) => string): Html {
  if (value === null) return html`<td class="absent">–</td>`
  const strength = shade(value)
  return html`<td class="${strength === 1 ? 'best' : ''}" style="--heat:${coordinate(8 + 62 * strength)}%">${format(value)}</td>`
}

/** From 0 for the least value to 1 for the greatest. */
export function shadeOf(cells: HeatMap['cells']): (value: number) => number {
  const values = cells.flat().filter((value) => value !== null)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return (value) => (most > least ? (value - least) / (most - least) : 1)
}
