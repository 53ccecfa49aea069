import { createMetrics } from '../server/metrics/metrics.ts'

interface Family {
  readonly type: string
  readonly help: string
  readonly labels: Set<string>
}

const LABEL = /([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"/g
const PART = /_(bucket|sum|count)$/

/** Every metric of these expositions as a Markdown table, by name. */
export function describeMetrics(expositions: readonly string[]): string {
  const families = new Map<string, Family>()
  for (const text of expositions) for (const line of text.split('\n')) readLine(line, families)
  for (const { name, labelNames } of declaredMetrics())
    for (const label of labelNames) families.get(name)?.labels.add(label)
  const rows = [...families]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { type, help, labels }]) => {
      const shown = [...labels].filter((label) => label !== 'le' && label !== 'quantile').sort()
      return `| \`${name}\` | ${type} | ${shown.map((label) => `\`${label}\``).join(', ')} | ${help.replaceAll('|', '\\|')} |`
    })
  return ['| metric | type | labels | what it tells |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

function readLine(line: string, families: Map<string, Family>): void {
  const [, , name = '', ...rest] = line.split(' ')
  if (line.startsWith('# HELP '))
    families.set(name, families.get(name) ?? { type: '', help: rest.join(' '), labels: new Set() })
  else if (line.startsWith('# TYPE '))
    families.set(name, { help: '', labels: new Set(), ...families.get(name), type: rest[0] ?? '' })
  else if (line !== '') {
    const sample = /^[\w:]+/.exec(line)?.[0] ?? ''
    const family = families.get(sample) ?? families.get(sample.replace(PART, ''))
    for (const [, label = ''] of line.matchAll(LABEL)) family?.labels.add(label)
  }
}

/** Those that have no sample until something happens, with the labels that they will have. */
function declaredMetrics(): { name: string; labelNames: readonly string[] }[] {
  const { registry } = createMetrics()
  return registry.getMetricsAsArray() as unknown as { name: string; labelNames: readonly string[] }[]
}
