import { readFileSync } from 'node:fs'
import { readRules } from './read-rules.ts'

export const README = new URL('README.md', import.meta.url)

/** Every alert with its severity and its runbook as a Markdown table. */
export function describeAlerts(): string {
  const rows = readRules('alerts').map(({ alert, labels, for: held, annotations }) => {
    const window = labels['long'] === undefined ? '' : ` over ${labels['long']} and ${labels['short']}`
    return `| [${alert}](runbooks/${alert}.md) | ${labels['severity']} | ${annotations['summary']}${window} | ${held} |`
  })
  return ['| alert | severity | when | for |', '| --- | --- | --- | --- |', ...rows].join('\n')
}

/** @returns the README with what stands between its marks replaced. @throws when it has no such marks */
export function replaceSection(text: string, name: string, content: string): string {
  const section = new RegExp(`(<!-- ${name}: made by npm run metrics -->\n)[^]*?(\n<!-- end -->)`)
  if (!section.test(text)) throw new RangeError(`prometheus/README.md has no section ${name}`)
  return text.replace(section, (_, begin: string, end: string) => `${begin}\n${content}\n${end}`)
}

export const readReadme = () => readFileSync(README, 'utf8')
