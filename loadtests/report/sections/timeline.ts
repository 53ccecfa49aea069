import { PROCESS_KINDS, type Run, type Sample, type Trial } from '../../run-file.ts'
import { stillTimeline } from '../charts/still-timeline.ts'
import { embedJson, type Html, html } from '../html.ts'
import { section } from './section.ts'

const CAPTION =
  'One trial, second by second, everything on one clock: move over any panel and the line stands at the same second in all. ' +
  'Shaded: the phases of the trial.'

type Column = (number | null)[]

/** Columns of one trial under short names; the page's script knows them. */
export interface TimelineTrial {
  mode: string
  round: number
  phases: { name: string; from: number; to: number }[]
  columns: Record<string, Column>
}

const READERS: Record<string, (sample: Sample) => number | null | undefined> = {
  t: (sample) => sample.t,
  accepted: (sample) => sample.accepted,
  served: (sample) => sample.served,
  refused: (sample) => sample.refused,
  errors: (sample) => sample.errors,
  p50: (sample) => sample.p50_ms,
  p99: (sample) => sample.p99_ms,
  pool_size: (sample) => sample.pool?.size,
  pool_in_use: (sample) => sample.pool?.in_use,
  pool_waiting: (sample) => sample.pool?.waiting,
  // Runs of before did not look.
  lock_waiting: (sample) => sample.lock_waiting,
  pool_wait_ms: (sample) => sample.pool?.wait_ms,
  loop_lag: (sample) => sample.event_loop?.lag_ms,
  loop_utilisation: (sample) => sample.event_loop?.utilisation,
  limiter: (sample) => sample.limiter_waiting,
  stream: (sample) => sample.queue?.stream,
  outbox: (sample) => sample.queue?.outbox,
  jobs: (sample) => sample.queue?.jobs,
  steal: (sample) => sample.steal,
  ...Object.fromEntries(PROCESS_KINDS.map((kind) => [`cpu_${kind}`, (sample: Sample) => sample.cpu[kind]])),
}

export function timeline(run: Run): Html {
  const data = run.trials.filter((trial) => trial.samples.length > 0).map(timelineTrial)
  if (data.length === 0)
    return section('timeline', 'Over time', CAPTION, html`<p class="absent">No samples were kept.</p>`)
  return section('timeline', 'Over time', CAPTION, [
    html`<noscript>${firstOfEachMode(run.trials).map(stillTimeline)}</noscript>`,
    html`<div id="timeline-controls" class="controls"></div><div id="timeline-panels" class="panels"></div>`,
    html`<script type="application/json" id="timeline-data">${embedJson(data)}</script>`,
  ])
}

/** Without scripts there is no choice of the trial: one of each mode is drawn. */
function firstOfEachMode(trials: readonly Trial[]): Trial[] {
  const sampled = trials.filter(({ samples, mode }) => samples.length > 1 && mode !== 'ceiling')
  return sampled.filter(({ mode }, index) => sampled.findIndex((trial) => trial.mode === mode) === index)
}

export function timelineTrial(trial: Trial): TimelineTrial {
  const columns: Record<string, Column> = {}
  for (const [name, read] of Object.entries(READERS)) columns[name] = trial.samples.map((sample) => short(read(sample)))
  // Where nothing is ever served, the page leaves the line out.
  if (columns['served']?.every((value) => value === 0)) columns['served'] = columns['served'].map(() => null)
  for (const name of Object.keys(trial.samples[0]?.extra ?? {}))
    columns[`extra: ${name}`] = trial.samples.map(({ extra }) => short(extra[name]))
  return { mode: trial.mode, round: trial.round, phases: phasesOf(trial.samples), columns }
}

function phasesOf(samples: readonly Sample[]): TimelineTrial['phases'] {
  const phases: TimelineTrial['phases'] = []
  for (const { phase, t } of samples) {
    const current = phases.at(-1)
    if (current?.name === phase) current.to = t + 1
    else phases.push({ name: phase, from: current?.to ?? t, to: t + 1 })
  }
  return phases
}

/** Four significant digits are more than a picture shows, and keep the page small. */
function short(value: number | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value.toPrecision(4))
}
