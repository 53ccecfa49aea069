import type { ProcessKind, Sample } from '../run-file.ts'
import type { Metrics } from './prometheus-text.ts'
import { type PushedSample, pushSamples, writeUrlOf } from './push-series.ts'
import type { TrialPosition } from './trial-context.ts'

/** Shows a run in a Prometheus while it goes on: what clients see, and what each process of the system exposes. */
export interface RunPusher {
  onSample(sample: Sample, position: TrialPosition): void
  /** What a process exposed; it is pushed with the run's name, as if Prometheus had scraped it. */
  onScrape(source: { kind: ProcessKind; url: string }, metrics: Metrics): void
  /** Resolves when all of it is sent. */
  close(): Promise<void>
}

/** k6's own name for the label that tells runs apart. */
const RUN_LABEL = 'testid'
const OUTCOMES = { accepted: 'accepted', served: 'served', refused: 'refused', errors: 'error' } as const

/**
 * A push that fails is told once and left out: the run is worth more than its picture.
 * @throws UnreachableError when nobody takes samples there
 */
export async function startRunPusher(url: string, runId: string, say: (line: string) => void): Promise<RunPusher> {
  const writeUrl = writeUrlOf(url)
  const totals = new Map<string, number>()
  const starts = new Map<string, number>()
  let sending = Promise.resolve()
  let hasFailed = false

  function push(samples: readonly PushedSample[]): void {
    const at = Date.now()
    const named = samples
      .filter(({ value }) => Number.isFinite(value))
      .map((sample) => ({ ...sample, labels: { ...sample.labels, [RUN_LABEL]: runId } }))
    sending = sending
      .then(() => pushSamples(writeUrl, named, at))
      .catch((error: Error) => {
        if (!hasFailed) say(`not pushed, the run goes on: ${error.message}`)
        hasFailed = true
      })
  }

  /** Counters begin at zero and go on over all trials of a mode, so that a rate never loses their first second. */
  function countAnswers(sample: Sample, mode: string): PushedSample[] {
    return Object.entries(OUTCOMES).map(([key, outcome]) => {
      const name = `${mode} ${outcome}`
      totals.set(name, (totals.get(name) ?? 0) + sample[key as keyof typeof OUTCOMES])
      return { name: 'redline_load_requests_total', labels: { mode, outcome }, value: totals.get(name) ?? 0 }
    })
  }

  await pushSamples(writeUrl, [{ name: 'redline_load_info', labels: { [RUN_LABEL]: runId }, value: 1 }], Date.now())
  return {
    onSample(sample, { mode, round }) {
      const trial = { mode, round: String(round) }
      const key = `${mode} ${round}`
      if (!starts.has(key)) starts.set(key, Date.now() / 1_000 - sample.t)
      push([
        ...countAnswers(sample, mode),
        ...describeSample(sample, mode),
        { name: 'redline_load_phase', labels: { ...trial, phase: sample.phase }, value: 1 },
        { name: 'redline_load_trial_started_timestamp_seconds', labels: trial, value: starts.get(key) ?? 0 },
      ])
    },
    onScrape: (source, metrics) => push(describeScrape(source, metrics)),
    close: () => sending,
  }
}

function describeSample({ p50_ms, p99_ms, cpu, steal }: Sample, mode: string): PushedSample[] {
  const latencies = Object.entries({ 50: p50_ms, 99: p99_ms }).flatMap(([quantile, ms]) =>
    ms === null ? [] : [{ name: 'redline_load_latency_seconds', labels: { mode, quantile }, value: ms / 1_000 }],
  )
  const cores = Object.entries(cpu).map(([part, value]) => ({
    name: 'redline_load_cpu_cores',
    labels: { part },
    value,
  }))
  return [...latencies, ...cores, { name: 'redline_load_steal_ratio', labels: {}, value: steal ?? Number.NaN }]
}

/** A process's own labels `job` and `instance` give way, as at a scrape. */
function describeScrape({ kind, url }: { kind: ProcessKind; url: string }, metrics: Metrics): PushedSample[] {
  const own = { job: kind, instance: new URL(url).host }
  return [...metrics].flatMap(([name, samples]) =>
    samples.map(({ labels: { job, instance, ...labels }, value }) => ({
      name,
      labels: {
        ...labels,
        ...(job !== undefined && { exported_job: job }),
        ...(instance !== undefined && { exported_instance: instance }),
        ...own,
      },
      value,
    })),
  )
}
