import type { PointsRun } from '../../points/points-file.ts'
import type { SweepSummary } from '../../sweep/sweep-file.ts'
import { heatMap } from '../charts/heat-map.ts'
import { loadCurve } from '../charts/load-curve.ts'
import { stationUse } from '../charts/station-use.ts'
import { type Html, html } from '../html.ts'
import { renderPage } from '../page/render-page.ts'
import { environment, howToRepeat } from '../sections/environment.ts'
import { section } from '../sections/section.ts'
import { pageHeader, tableSection } from './page-parts.ts'
import { sweepPictures } from './sweep-pictures.ts'
import { findingLines, sweepExplained, sweepLine, sweepTable } from './sweep-rows.ts'

/** One file that opens offline. */
export function renderSweepHtml(run: PointsRun, summary: SweepSummary): Promise<string> {
  return renderPage({
    title: `Redline sweep: ${run.run_id}`,
    header: pageHeader(run, summary.verdict, sweepLine(run, summary), summary.warnings),
    sections: [
      pictures(run, summary),
      tableSection('points', 'Points', sweepExplained(summary), sweepTable(summary)),
      environment(run),
      howToRepeat(run),
    ],
  })
}

function pictures(run: PointsRun, summary: SweepSummary): Html {
  const { curves, maps, stations } = sweepPictures(summary, run.points, run.environment.cores)
  const findings = findingLines(summary)
  return section('curves', 'What the knob does', 'Whiskers are 95 % bootstrap intervals over whole rounds.', [
    ...(maps.length > 0 ? [html`<div class="pair">${maps.map(heatMap)}</div>`] : []),
    html`<div class="pair">${curves.map(loadCurve)}</div>`,
    html`${findings.length > 0 ? html`<ul>${findings.map((line) => html`<li>${line}</li>`)}</ul>` : null}`,
    ...(stations === null ? [] : [stationUse(stations)]),
  ])
}
