import { formatBounds, formatCount, formatNumber } from '../../analysis/format.ts'
import { acceptedByRound, answeredByRound } from '../../analysis/rounds.ts'
import { trialsOf } from '../../analysis/summarise.ts'
import { headlineOf } from '../../analysis/verdict-sentence.ts'
import type { Result, Run, Summary } from '../../run-file.ts'
import { axisEnd, intervalTrack, trackAxis } from '../charts/bar-track.ts'
import { type Html, html } from '../html.ts'
import { intervalExplained, validityLines } from '../report-rows.ts'
import { modeName, section } from './section.ts'

const CAPTION =
  'Redemptions answered with 202 per second. Solid: drain paused, as the ceiling runs none. Pale: with scheduler and workers draining meanwhile. ' +
  'Bar = median of rounds, whisker = interval, dot = one round; '

const ANSWERED_CAPTION =
  'Answers per second, most of them no redemptions, with the drain paused. ' +
  'Bar = median of rounds, whisker = interval, dot = one round; '

/** The modes side by side: by redemptions, or by answers where most of them are none. */
export function rates(run: Run, summary: Summary): Html {
  if (headlineOf(summary.results) === 'answered') return answers(run, summary)
  const highest = summary.results.map((result) => {
    const rounds = [...roundsOf(run, result, 'paused'), ...roundsOf(run, result, 'running')]
    return Math.max(result.accepted_per_second?.high ?? 0, ...rounds)
  })
  const max = axisEnd(Math.max(...highest, 1))
  return bars('Accepted per second', CAPTION, summary, max, (result) => row(run, result, max))
}

function answers(run: Run, summary: Summary): Html {
  const roundsOfAnswers = (result: Result) => [...answeredByRound(trialsOf(run, result), 'paused').values()]
  const highest = summary.results.map((result) =>
    Math.max(result.answered_per_second?.high ?? 0, ...roundsOfAnswers(result)),
  )
  const max = axisEnd(Math.max(...highest, 1))
  return bars('Answers per second', ANSWERED_CAPTION, summary, max, (result) => {
    const rate = result.answered_per_second
    const rounds = roundsOfAnswers(result)
    return html`<div class="bar-row m-${result.mode}">
      <div>${modeName(result.mode)}${validityMark(result)}</div>
      <div class="tracks">${rate ? intervalTrack(rate, rounds, max, false) : html`<p class="absent">no trial succeeded</p>`}</div>
      <div class="figures">${rate ? html`<p><b>${formatNumber(rate.median)}</b> /s <small>${formatBounds(rate)}</small></p>` : null}</div>
    </div>`
  })
}

function bars(
  title: string,
  caption: string,
  { results }: Summary,
  max: number,
  rowOf: (result: Result) => Html,
): Html {
  const doubts = validityLines(results)
  return section('rates', title, `${caption}${intervalExplained(results)}.`, [
    html`<div class="bars">${results.map(rowOf)}
      <div class="bar-row"><span></span>${trackAxis(max, '/s', formatCount)}<span></span></div>
    </div>`,
    ...(doubts.length > 0 ? [html`<ul class="doubts">${doubts.map((line) => html`<li>${line}</li>`)}</ul>`] : []),
  ])
}

function row(run: Run, result: Result, max: number): Html {
  const paused = result.accepted_per_second
  const running = result.with_drain?.accepted_per_second
  return html`<div class="bar-row m-${result.mode}">
    <div>${modeName(result.mode)}${validityMark(result)}</div>
    <div class="tracks">
      ${paused ? intervalTrack(paused, roundsOf(run, result, 'paused'), max, false) : html`<p class="absent">no trial succeeded</p>`}
      ${running ? intervalTrack(running, roundsOf(run, result, 'running'), max, true) : null}
    </div>
    <div class="figures">${paused ? pausedFigures(result) : null}${running ? runningFigures(result) : null}</div>
  </div>`
}

function pausedFigures(result: Result): Html {
  const paused = result.accepted_per_second
  if (!paused) return html``
  const ratio = result.ratio_to_ceiling && result.mode !== 'ceiling' ? result.ratio_to_ceiling : null
  return html`<p><b>${formatNumber(paused.median)}</b> /s <small>${formatBounds(paused)}</small>${
    ratio ? html` <b class="ratio">${formatNumber(ratio.median)} ×</b> <small>ceiling</small>` : null
  }</p>`
}

function runningFigures(result: Result): Html {
  const running = result.with_drain?.accepted_per_second
  const drained = result.drained_per_second
  return html`<p class="pale">${running ? html`${formatNumber(running.median)} /s <small>with drain</small>` : null}${
    drained ? html` · ${formatNumber(drained.median)} /s <small>drained</small>` : null
  }</p>`
}

function validityMark(result: Result): Html | null {
  if (result.validity === 'VALID') return null
  return html` <span class="badge ${result.validity === 'INVALID' ? 'bad' : 'doubt'}">${result.validity}</span>`
}

function roundsOf(run: Run, result: Result, load: 'paused' | 'running'): number[] {
  return [...acceptedByRound(trialsOf(run, result), load).values()]
}
