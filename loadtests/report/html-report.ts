import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Run, Summary } from '../run-file.ts'
import { Html, html } from './html.ts'
import { cost } from './sections/cost.ts'
import { environment, howToRepeat } from './sections/environment.ts'
import { headline } from './sections/headline.ts'
import { invariants } from './sections/invariants.ts'
import { latency } from './sections/latency.ts'
import { pairs } from './sections/pairs.ts'
import { rates } from './sections/rates.ts'
import { targets } from './sections/targets.ts'
import { timeline } from './sections/timeline.ts'
import { trials } from './sections/trials.ts'
import { validity } from './sections/validity.ts'

/** One file that opens offline: style, script and data are inside. */
export async function renderHtml(run: Run, summary: Summary): Promise<string> {
  const { styles, script } = await readPageParts()
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Redline ${run.command}: ${run.run_id}</title>
<style>${new Html(styles)}</style>
</head>
<body>
${headline(run, summary)}
<main>
${[rates(run, summary), pairs(run, summary), latency(run, summary), timeline(run), cost(run, summary)]}
${[targets(summary), validity(run, summary), invariants(summary), trials(run), environment(run), howToRepeat(run)]}
</main>
<script>${new Html(script)}</script>
</body>
</html>
`.text
}

/** Style and script as they are; neither holds anything from a run, so nothing in them needs escaping. */
async function readPageParts(): Promise<{ styles: string; script: string }> {
  const uplot = createRequire(import.meta.url)
    .resolve('uplot')
    .replace(/[^/\\]+$/, '')
  const [uplotStyle, pageStyle, uplotScript, pageScript] = await Promise.all([
    readFile(`${uplot}uPlot.min.css`, 'utf8'),
    readFile(new URL('./page/page.css', import.meta.url), 'utf8'),
    readFile(`${uplot}uPlot.iife.min.js`, 'utf8'),
    readFile(new URL('./page/timeline.js', import.meta.url), 'utf8'),
  ])
  return { styles: uplotStyle + pageStyle, script: `${uplotScript}\n${pageScript}` }
}
