/** Quantiles 0.5, 0.95 and 0.99 of a histogram: a query each. @param by labels that stay, comma-separated */
export function quantiles(
  metric: string,
  selector: string,
  by = '',
): readonly (readonly [legend: string, promql: string])[] {
  const kept = by === '' ? 'le' : `${by}, le`
  const legend = by === '' ? '' : ` {{${by.split(',')[0]}}}`
  return ['0.5', '0.95', '0.99'].map((quantile) => [
    `p${Number(quantile) * 100}${legend}`,
    `histogram_quantile(${quantile}, sum by (${kept}) (rate(${metric}_bucket{${selector}}[$__rate_interval])))`,
  ])
}

/** One quantile by a label. */
export function quantileBy(quantile: number, metric: string, selector: string, by: string): string {
  return `histogram_quantile(${quantile}, sum by (${by}, le) (rate(${metric}_bucket{${selector}}[$__rate_interval])))`
}

/** `{…}` of the processes that are chosen. */
export const INSTANCE = 'instance=~"$instance"'
/** The same where others, such as exporters, have metrics of the same names. */
export const OUR_INSTANCE = `job=~"server|worker|scheduler", ${INSTANCE}`
export const MODE = 'mode=~"$mode"'
