import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessKind, Sample } from '../run-file.ts'
import { type MachineTime, readMachineTime, readProcessTable, stealBetween, sumCpuMs } from './proc.ts'
import { type Metrics, scrape } from './prometheus-text.ts'
import {
  readEventLoop,
  readLimiterWaiting,
  readPool,
  readQueue,
  SAMPLED_METRICS,
  type Scrape,
} from './system-metrics.ts'

/** What is seen of the system each second; the clients' side (accepted, latencies) is not in it. */
export type SystemSample = Pick<Sample, 't' | 'pool' | 'event_loop' | 'limiter_waiting' | 'queue' | 'cpu' | 'steal'>

export type OnScrape = (source: { kind: ProcessKind; url: string }, metrics: Metrics) => void

export interface SamplerOptions {
  metricsUrls: readonly { kind: ProcessKind; url: string }[]
  /** Root processes by kind; what descends from them is counted with them. */
  processes: Partial<Record<ProcessKind, readonly number[]>>
  onSample: (sample: SystemSample) => void
  /** Gets all that a process exposed, each time that it is asked; without it processes tell only what a sample needs. */
  onScrape?: OnScrape | undefined
  intervalMs?: number
}

export interface Sampler {
  /** Resolves when the last sample is done; what comes after is not sampled. */
  stop(): Promise<void>
}

interface Reading {
  at: number
  machine: MachineTime | null
  cpuMs: Partial<Record<ProcessKind, number>>
  metrics: Map<string, Metrics>
}

/** Samples each second; `t` counts from this call. A process that does not answer in time is a gap, not an error. */
export function startSampler(options: SamplerOptions): Sampler {
  const intervalMs = options.intervalMs ?? 1000
  const stopped = new AbortController()
  const startedAt = performance.now()
  const run = async () => {
    let before = await takeReading(options, intervalMs, stopped.signal)
    for (let tick = 1; ; tick++) {
      // A tick that is missed because the machine was too busy is left out, so that later ones stay on the second.
      tick = Math.max(tick, Math.ceil((performance.now() - startedAt) / intervalMs))
      await sleep(startedAt + tick * intervalMs - performance.now(), undefined, { signal: stopped.signal })
      const now = await takeReading(options, intervalMs, stopped.signal)
      if (stopped.signal.aborted) return
      options.onSample(compare(options, startedAt, before, now))
      before = now
    }
  }
  const done = run().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error
  })
  done.catch(() => undefined)
  return {
    stop() {
      stopped.abort()
      return done
    },
  }
}

async function takeReading(options: SamplerOptions, intervalMs: number, signal: AbortSignal): Promise<Reading> {
  const at = performance.now()
  const table = readProcessTable()
  const cpuMs: Reading['cpuMs'] = {}
  for (const [kind, roots] of Object.entries(options.processes) as [ProcessKind, readonly number[]][]) {
    if (table) cpuMs[kind] = sumCpuMs(table, roots)
  }
  const machine = readMachineTime()
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(intervalMs * 0.9)])
  const metrics = new Map<string, Metrics>()
  await Promise.all(
    options.metricsUrls.map(async (source) => {
      const names = options.onScrape ? [] : SAMPLED_METRICS[source.kind]
      if (names === undefined) return
      const scraped = await scrape(selecting(source.url, names), deadline).catch(() => null)
      if (scraped === null) return
      metrics.set(source.url, scraped)
      options.onScrape?.(source, scraped)
    }),
  )
  return { at, machine, cpuMs, metrics }
}

/** The URL that asks for these metrics; for all without a name. */
function selecting(url: string, names: readonly string[]): string {
  return names.length === 0 ? url : `${url}?${names.map((name) => `name[]=${name}`).join('&')}`
}

function compare(options: SamplerOptions, startedAt: number, before: Reading, now: Reading): SystemSample {
  const elapsedMs = now.at - before.at
  const cpu: SystemSample['cpu'] = {}
  for (const [kind, cpuMs] of Object.entries(now.cpuMs) as [ProcessKind, number][]) {
    // A process that died in between takes its time with it.
    cpu[kind] = Math.max(0, cpuMs - (before.cpuMs[kind] ?? cpuMs)) / elapsedMs
  }
  const servers = scrapesOf('server', options, before, now)
  return {
    t: (now.at - startedAt) / 1000,
    pool: readPool(servers),
    event_loop: readEventLoop(servers),
    limiter_waiting: readLimiterWaiting(servers),
    queue: readQueue(scrapesOf('scheduler', options, before, now)),
    cpu,
    steal: stealBetween(before.machine, now.machine),
  }
}

function scrapesOf(kind: ProcessKind, options: SamplerOptions, before: Reading, now: Reading): Scrape[] {
  return options.metricsUrls.flatMap((source) => {
    const metrics = now.metrics.get(source.url)
    if (source.kind !== kind || !metrics) return []
    return [{ now: metrics, before: before.metrics.get(source.url) ?? null }]
  })
}
