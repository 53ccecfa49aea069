import type { Interval } from '../run-file.ts'

/** Three significant digits, thousands with a comma: 4,180 · 71.3 · 0.62; a dash for what is not known. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  const digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2
  const [whole = '', fraction] = value.toFixed(digits).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** Counts per redemption: whole numbers without decimals. */
export function formatCount(value: number): string {
  return Math.abs(value - Math.round(value)) < 0.005
    ? formatNumber(Math.round(value)).replace(/\.0+$/, '')
    : formatNumber(value)
}

/** Three significant digits however small, without zeros that say nothing: 4,180 · 20 · 3.2 · 0.0123 · 0.000104. */
export function formatSignificant(value: number): string {
  if (Math.abs(value) < 1) return String(Number(value.toPrecision(3)))
  const [whole = '', fraction = ''] = formatNumber(value).split('.')
  const digits = fraction.replace(/0+$/, '')
  return digits === '' ? whole : `${whole}.${digits}`
}

export function formatInterval(interval: Interval): string {
  return `${formatNumber(interval.median)} (${formatBounds(interval)})`
}

export function formatBounds(interval: Interval): string {
  return `${formatNumber(interval.low)}–${formatNumber(interval.high)}`
}

export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '–'
  if (bytes >= 2 ** 30) return `${formatNumber(bytes / 2 ** 30)} GiB`
  if (bytes >= 2 ** 20) return `${formatNumber(bytes / 2 ** 20)} MiB`
  if (bytes >= 2 ** 10) return `${formatNumber(bytes / 2 ** 10)} KiB`
  return `${formatCount(bytes)} B`
}

export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 90) return `${formatCount(whole)} s`
  if (whole >= 7200) return `${formatNumber(seconds / 3600).replace(/\.0+$/, '')} h`
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** A share between 0 and 1, finely enough that 99.95 % does not read as 100 %. */
export function formatShare(share: number): string {
  const text = (100 * share).toFixed(share > 0.99 && share < 1 ? 3 : 1)
  return `${text.replace(/\.?0+$/, '')} %`
}

/** An error or a change: `+2.5 %`, `−0.4 %`. */
export function formatSigned(share: number): string {
  return `${share < 0 ? '−' : '+'}${formatShare(Math.abs(share))}`
}

/** The least change that is seen: `± 8 %`, and as a factor where that is more than double. */
export function formatDetectable(share: number | null): string {
  if (share === null) return '–'
  return share > 1 ? `× ${formatNumber(1 + share)}` : `± ${formatShare(share)}`
}

export function joinWords(words: readonly string[]): string {
  if (words.length <= 1) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
