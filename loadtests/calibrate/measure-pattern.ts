import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { formatShare } from '../analysis/format.ts'
import { MINIMUM_ANSWERS_FOR_P999, mergeHistograms } from '../analysis/histograms.ts'
import { arrivalTimes } from '../drivers/arrivals.ts'
import type { Engine, LoadResult, LoadSpec } from '../drivers/driver.ts'
import type { Generator } from '../drivers/generator.ts'
import { readCpu, subtractCpu } from '../measure/cpu-meter.ts'
import { readCpuPressureMs, readMachineTime, stealBetween } from '../measure/proc.ts'
import type { RunDirectory } from '../sut/run-directory.ts'
import { startSupervised } from '../sut/supervisor.ts'
import type { Pattern } from './patterns.ts'
import { type Figures, mapFigures, type Truth, trueLatencies, truthOf, WRITTEN_PATH, type Written } from './truth.ts'

export interface CalibrationContext {
  readonly directory: RunDirectory
  readonly generator: Generator
  /** People per second. */
  readonly rate: number
  readonly seconds: number
  readonly seed: number
  readonly signal: AbortSignal
}

export interface Measurement {
  readonly driver: Engine
  readonly pattern: Pattern
  /** Null for a closed loop, which has no schedule: what an open loop would have seen is the other drivers' to tell. */
  readonly truth: Truth | null
  readonly measured: Figures | null
  readonly samples: number
  readonly cpuUsPerRequest: number | null
  /** Why it proves nothing; empty when it does. */
  readonly doubts: readonly string[]
}

/** Until the code of server and generator is compiled; k6 compiles none, and has a server that is. */
const HEATING = { engine: 'paced', arrivals: { model: 'constant', rate: 1_000 }, duration_seconds: 3 } as const
const WARM_UP_SECONDS = 1.5
const MOST_CONNECTIONS = 1_000
const LIMITS = { generatorCores: 0.8, steal: 0.1, pressure: 0.75, lagShare: 0.05, targetMs: 1_000 } as const

/** One load of one driver on a server whose true latencies are known. */
export async function measurePattern(
  context: CalibrationContext,
  driver: Engine,
  pattern: Pattern,
): Promise<Measurement> {
  const server = await startSupervised({
    name: `truth-${pattern.name.replace(/[^\w-]/g, '_')}-${driver}`,
    entry: new URL('./truth-process.ts', import.meta.url),
    args: [JSON.stringify(pattern), String(context.seed)],
    env: {},
    directory: context.directory,
    signal: context.signal,
  })
  const spec = specFor(context, driver, pattern, server.ready.url ?? '')
  const load = (choices: Partial<LoadSpec>) =>
    context.generator.load({ ...spec, ...choices }, { signal: context.signal })
  const takeWritten = async () => (await (await fetch(`${spec.url}${WRITTEN_PATH}`)).json()) as Written[]
  try {
    await load({ ...HEATING, connections: MOST_CONNECTIONS })
    await load({ duration_seconds: WARM_UP_SECONDS })
    await takeWritten()
    const watch = watchMachine(context)
    const result = await load({ duration_seconds: context.seconds })
    context.signal.throwIfAborted()
    const machine = watch()
    return describe(driver, pattern, result, await takeWritten(), spec, { ...machine, seconds: context.seconds })
  } finally {
    await server.stop()
    await rm(spec.answers_file, { force: true })
  }
}

function specFor(context: CalibrationContext, driver: Engine, pattern: Pattern, url: string): LoadSpec {
  const { rate, seed, directory } = context
  const isOpen = driver !== 'autocannon'
  return {
    engine: driver,
    url,
    // Closed loop: as many as would keep the rate if nothing ever stalled.
    connections: isOpen ? MOST_CONNECTIONS : Math.max(1, Math.round((rate * pattern.baseMs) / 1_000)),
    ...(isOpen && { arrivals: { model: 'constant', rate } }),
    requests: { kind: 'redeem-shared', codes: ['TRUTH'], email_prefix: 'p', seed },
    answers_file: join(directory.path, 'calibration.tsv'),
    timeout_seconds: 20,
  }
}

interface Machine {
  readonly cpuMs: number | null
  readonly steal: number | null
  readonly pressure: number | null
  readonly seconds: number
}

function watchMachine({ generator }: CalibrationContext): () => Omit<Machine, 'seconds'> {
  const roots = { generator: [generator.process.pid] }
  const [cpu, machine, pressure, at] = [readCpu(roots), readMachineTime(), readCpuPressureMs(), performance.now()]
  return () => {
    const [after, elapsed] = [readCpuPressureMs(), performance.now() - at]
    return {
      cpuMs: subtractCpu(readCpu(roots), cpu).generator ?? null,
      steal: stealBetween(machine, readMachineTime()),
      pressure: after === null || pressure === null ? null : (after - pressure) / elapsed,
    }
  }
}

function describe(
  driver: Engine,
  pattern: Pattern,
  result: LoadResult,
  written: readonly Written[],
  { arrivals }: LoadSpec,
  machine: Machine,
): Measurement {
  const times = arrivals ? [...arrivalTimes(arrivals, machine.seconds)] : []
  const truth = arrivals ? truthOf(trueLatencies(written, times, result.schedule?.began_at_ms ?? null)) : null
  const histogram = mergeHistograms([result.histogram])
  const answers = histogram?.totalCount ?? 0
  const at = { p50: 50, p95: 95, p99: 99, p999: 99.9 } as const
  const measured = mapFigures((figure) =>
    figure === 'mean' ? (histogram?.mean ?? 0) / 1_000 : (histogram?.getValueAtPercentile(at[figure]) ?? 0) / 1_000,
  )
  return {
    driver,
    pattern,
    truth,
    measured: answers === 0 ? null : measured,
    samples: answers,
    cpuUsPerRequest: machine.cpuMs === null || answers === 0 ? null : (1_000 * machine.cpuMs) / answers,
    doubts: doubtsOf(result, answers, machine),
  }
}

/** The gates of the bench (analysis/gates.ts), as far as they are about a generator. */
function doubtsOf({ schedule, errors }: LoadResult, answers: number, machine: Machine): string[] {
  const { cpuMs, steal, pressure, seconds } = machine
  const cores = cpuMs === null ? 0 : cpuMs / 1_000 / seconds
  const lag = schedule ? (mergeHistograms([schedule.lag_histogram])?.getValueAtPercentile(99) ?? 0) / 1_000 : 0
  const checks: [boolean, string][] = [
    [answers < MINIMUM_ANSWERS_FOR_P999, `only ${answers} answers: a p99.9 needs ${MINIMUM_ANSWERS_FOR_P999}`],
    [errors > 0, `${errors} requests ended in an error`],
    [schedule !== null && schedule.dropped > 0, `${schedule?.dropped} people never came`],
    [cores > LIMITS.generatorCores, `the generator used ${cores.toFixed(2)} cores`],
    [lag > LIMITS.lagShare * LIMITS.targetMs, `requests left ${lag.toFixed(1)} ms late at the p99`],
    [(steal ?? 0) > LIMITS.steal, `the hypervisor took ${formatShare(steal ?? 0)} of the CPU time`],
    [
      (pressure ?? 0) > LIMITS.pressure,
      `something waited for a CPU in ${formatShare(Math.min(1, pressure ?? 0))} of the time`,
    ],
  ]
  return checks.flatMap(([isDoubt, told]) => (isDoubt ? [told] : []))
}
