import type { Run } from '../../run-file.ts'
import { environmentRows } from '../environment-rows.ts'
import { type Html, html } from '../html.ts'
import { section } from './section.ts'

export function environment(run: Parameters<typeof environmentRows>[0]): Html {
  return section(
    'environment',
    'Environment',
    'Absolute rates belong to this machine; ratios within a round and counted work carry over to others.',
    html`<dl>${environmentRows(run).map(({ name, value }) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`,
  )
}

export function howToRepeat(run: Pick<Run, 'repeat_with' | 'run_id'>): Html {
  return section(
    'repeat',
    'Run it again',
    'The first line measures anew, the second renders this report again from its files.',
    html`<pre><code>${run.repeat_with}
npm run report -- ${run.run_id}</code></pre>`,
  )
}
