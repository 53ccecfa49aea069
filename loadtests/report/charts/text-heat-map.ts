import { type HeatMap, shadeOf } from './heat-map.ts'

const SHADES = ['  ', '░░', '▒▒', '▓▓', '██']

/** The heat map in plain characters: each cell its number, and behind it a shade, the fuller the more. */
export function drawTextHeatMap({ title, columnLabel, rowLabel, columns, rows, cells, format, unit }: HeatMap): string {
  const shade = shadeOf(cells)
  const text = (value: number | null) => {
    if (value === null) return '–   '
    return `${format(value)} ${SHADES[Math.round(shade(value) * (SHADES.length - 1))]}`
  }
  const body = rows.map((row, index) => [
    String(row),
    ...columns.map((_, place) => text(cells[index]?.[place] ?? null)),
  ])
  const table = [[rowLabel, ...columns.map((column) => `${column}   `)], ...body]
  const widths = table[0]?.map((_, place) => Math.max(...table.map((line) => line[place]?.length ?? 0))) ?? []
  const lines = table.map((line) => line.map((cell, place) => cell.padStart(widths[place] ?? 0)).join('  '))
  return [`${title}: ${unit}; across ${columnLabel}, down ${rowLabel}`, ...lines.map((line) => line.trimEnd())].join(
    '\n',
  )
}
