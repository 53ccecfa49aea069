import { formatBytes, formatNumber, formatShare, formatSigned } from '../analysis/format.ts'
import { type CurvePoint, loadCurve } from '../report/charts/load-curve.ts'
import { stationUse } from '../report/charts/station-use.ts'
import { type Html, html } from '../report/html.ts'
import { renderPage } from '../report/page/render-page.ts'
import { lawLines } from '../report/report-rows.ts'
import { scrollable, section } from '../report/sections/section.ts'
import type { PlanFile } from './plan-file.ts'
import { describeProfile, growthRows, headline, mostShown, stationsOf } from './render-plan.ts'
import { describeBasis } from './verify-plan.ts'

type Candidate = PlanFile['smaller'][number]

/** The plan as one file that opens offline. @param record what is known of the model's errors, in words */
export function renderPlanHtml(plan: PlanFile, record: string): Promise<string> {
  const [first = '', ...rest] = headline(plan).split(/(?<=[:.]) /)
  return renderPage({
    title: `Redline plan: ${first}`,
    header: html`<header>
      <p class="overline"><b>Redline</b> plan · <time>${plan.made_at.slice(0, 16).replace('T', ' ')} UTC</time> · measured by ${plan.basis.run_id}</p>
      <h1>${first.replace(/[:.]$/, '')}</h1>
      <p class="lead">${rest.join(' ')}</p>
      <p class="plan">The model so far: ${record}.</p>
      ${plan.warnings.length > 0 ? html`<ul class="doubts">${plan.warnings.map((line) => html`<li>${line}</li>`)}</ul>` : null}
    </header>`,
    sections: [pictures(plan), candidates(plan), growth(plan), fleet(plan), verification(plan)],
  })
}

function pictures(plan: PlanFile): Html {
  const { recommended, request, headroom, curve, verification: verified } = plan
  if (recommended === null) return html``
  const marks = [
    { x: request.users, label: 'asked for' },
    ...(headroom !== null && headroom > 1.02 ? [{ x: request.users * headroom, label: 'the most' }] : []),
  ]
  const curves = (['throughput', 'p99'] as const).map((figure) => {
    const factor = figure === 'p99' ? 1_000 : 1
    const model = curve.flatMap(({ users, [figure]: { value, low, high } }): CurvePoint[] =>
      value === null || low === null || high === null
        ? []
        : [
            {
              x: users,
              y: factor * value,
              low: factor * low,
              high: factor * (figure === 'p99' ? Math.min(high, mostShown(plan)) : high),
            },
          ],
    )
    const measured = verified?.figures?.[figure].measured
    return loadCurve({
      title: figure === 'p99' ? 'Latency' : 'Throughput',
      xLabel: 'users',
      yLabel: figure === 'p99' ? 'p99 in ms' : 'answers per second',
      series: [
        {
          name: figure,
          className: `m-${request.mode}`,
          measured: [],
          model,
          heldOut: measured === undefined ? [] : [{ x: request.users, y: factor * measured }],
        },
      ],
      band: '90 %',
      marks: marks.filter(({ x }) => x <= (curve.at(-1)?.users ?? 0)),
    })
  })
  return section('load', 'The recommended profile over the load', 'Bands are intervals of 90 %.', [
    html`<div class="pair">${curves}</div>`,
    stationUse(stationsOf(recommended)),
  ])
}

function candidates({ recommended, smaller, larger }: PlanFile): Html {
  const row = (candidate: Candidate) => html`<tr>
    <th>${candidate === recommended ? '→ ' : ''}${describeProfile(candidate.profile)}</th>
    <td>${formatNumber(candidate.throughput.value)}</td>
    <td>${milliseconds(candidate.mean)}</td><td>${milliseconds(candidate.p99)}</td>
    <td>${candidate.bottleneck.station} ${formatShare(candidate.bottleneck.share)}</td>
    <td>${formatBytes(candidate.memory_bytes)}</td>
    <td>${candidate.megabits_per_second === null ? '–' : formatNumber(candidate.megabits_per_second)}</td>
    <td>${candidate.blocked.join('; ')}</td></tr>`
  const all = [...smaller, ...(recommended === null ? [] : [recommended]), ...larger]
  const head = ['profile', 'per second', 'mean ms', 'p99 ms', 'fullest', 'memory', 'Mbit/s', 'why not']
  return section(
    'profiles',
    'Profiles by cost',
    'The cheapest that meets the target is recommended.',
    tableOf(head, all.map(row)),
  )
}

function growth(plan: PlanFile): Html {
  if (plan.growth.length === 0) return html``
  const rows = growthRows(plan).map(({ load, becomes }) => html`<tr><th>${load}</th><td>${becomes}</td></tr>`)
  return section('growth', 'What breaks first', 'As more people come.', tableOf(['load', 'what breaks'], rows, 'words'))
}

function fleet({ fleet: past }: PlanFile): Html {
  if (past === null) return html``
  const rows = past.parts.map(({ part, count, how }) => html`<tr><th>${part}</th><td>${count}</td><td>${how}</td></tr>`)
  return section('fleet', 'Past one machine', `For ${formatNumber(past.rate)} redemptions per second.`, [
    tableOf(['part', 'count', 'how'], rows, 'words'),
    html`<ul>${[...past.walls, ...past.assumptions].map((line) => html`<li>${line}</li>`)}</ul>`,
  ])
}

function verification({ verification: verified }: PlanFile): Html {
  if (verified === null || verified.figures === null) return html``
  const { figures, laws } = verified
  const rows = (['throughput', 'mean', 'p99'] as const).map((name) => {
    const { foretold, low, high, measured, error, is_held } = figures[name]
    const factor = name === 'throughput' ? 1 : 1_000
    const [value, from, to, got] = [foretold, low, high, measured].map((each) => formatNumber(factor * each))
    return html`<tr><th>${name === 'throughput' ? 'per second' : `${name}, ms`}</th><td>${value} (${from}–${to})</td>
      <td>${got}</td><td>${formatSigned(error)}</td><td>${is_held ? 'held' : 'did not hold'}</td></tr>`
  })
  const caption = `It was run, and ${verified.meets_target ? 'met' : 'missed'} the target. ${describeBasis(verified)}`
  return section(
    'verified',
    'Verified',
    caption,
    html`${tableOf(['figure', 'foretold', 'measured', 'error', 'interval'], rows)}${lawLines({ laws }).map((line) => html`<p class="caption">${line}</p>`)}`,
  )
}

function tableOf(head: readonly string[], rows: readonly Html[], className = ''): Html {
  return scrollable(
    html`<table class="${className}"><thead><tr>${head.map((name) => html`<th>${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table>`,
  )
}

function milliseconds({ value, low, high }: Candidate['p99']): string {
  if (value === null || low === null || high === null) return 'never'
  return `${formatNumber(1_000 * value)} (${formatNumber(1_000 * low)}–${formatNumber(1_000 * high)})`
}
