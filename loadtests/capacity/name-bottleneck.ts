import { formatNumber, formatShare } from '../analysis/format.ts'
import type { Point } from '../points/points-file.ts'
import type { LimiterMode, Sample, Trial } from '../run-file.ts'
import { readBacklog } from './backlog.ts'
import type { Bottleneck, StationName } from './capacity-file.ts'

/** What a station must be used by, to be called the bottleneck. */
const BUSY = 0.85
/** Stations that differ by less are both named. */
const CLOSE = 0.1

/** Share of the connections in use that wait for a lock, from which on that is what is waited for. */
const LOCKED = 0.5

const HAS_SEMAPHORE: readonly LimiterMode[] = ['in-process', 'redis-semaphore']

/** Means over the seconds of the load of all trials that are looked at. */
interface Usage {
  readonly eventLoop: number
  readonly lagMs: number
  readonly cpu: (kind: keyof Sample['cpu']) => number
  readonly total: number
  readonly poolUse: number
  readonly poolWaitMs: number
  readonly poolWaiting: number
  readonly limiterWaiting: number
  readonly limiterShare: number
  /** Connections in use, and those of all that waited for a lock; null where nobody looked. */
  readonly poolInUse: number
  readonly lockWaiting: number | null
}

interface Finding {
  readonly name: StationName
  /** 0…1 and above: how far it is used, as it is judged. */
  readonly use: number
  /** As it was measured, where it is judged otherwise. */
  readonly measured?: number
  readonly told: string
}

type Context = Pick<Point, 'mode' | 'profile' | 'codes'> & { readonly cores: number }

/**
 * What holds the system up, by what was seen in trials at the bounds. A queue (pool, row, limiter, backlog) is used when
 * somebody waits in it; a processor by its share. What is beyond the acceptance counts where the drain was too slow.
 * @param offered why more could not be offered; null where the system was the limit
 */
export function nameBottleneck(trials: readonly Trial[], context: Context, offered: string | null): Bottleneck | null {
  const samples = trials.flatMap((trial) => trial.samples.filter(({ phase }) => phase === trial.loads[0]?.name))
  if (samples.length === 0) return null
  const usage = readUsage(samples)
  const pressure = mean(trials.flatMap(({ cpu_pressure }) => cpu_pressure ?? []))
  const findings = [
    ...processors(usage, context, offered),
    machine(usage, context, pressure),
    ...queues(usage, context),
    ...backlogs(trials),
  ]
  const ranked = findings.sort((a, b) => b.use - a.use)
  const highest = ranked[0]?.use ?? 0
  const names = ranked.filter(({ use }) => use >= BUSY && use >= highest - CLOSE).map(({ name }) => name)
  return {
    names,
    evidence: ranked.slice(0, Math.max(3, names.length)).map(({ told }) => told),
    use: ranked.map(({ name, use, measured = use }) => ({ station: name, share: measured })),
  }
}

function processors(usage: Usage, { profile, cores }: Context, offered: string | null): Finding[] {
  const { cpu, eventLoop, lagMs } = usage
  const perServer = cpu('server') / profile.servers
  const share = (name: StationName, used: number, of: number): Finding => ({
    name,
    use: used / of,
    told: `${name}: ${used.toFixed(2)} of ${of === 1 ? 'one core' : `${of} cores`}`,
  })
  return [
    // A loop that is busy without using its core waits for the machine.
    {
      name: 'event loop',
      use: perServer > 0 ? Math.min(eventLoop, perServer + CLOSE) : eventLoop,
      measured: eventLoop,
      told: `event loop: ${formatShare(eventLoop)} busy, ${perServer.toFixed(2)} of a core per server process, lag ${formatNumber(lagMs)} ms`,
    },
    share('Postgres CPU', cpu('postgres'), cores),
    share('Redis CPU', cpu('redis'), 1),
    offered === null
      ? share('generator', cpu('generator'), 1)
      : { name: 'generator', use: 1, told: `generator: ${offered}` },
  ]
}

/** Also where others use it: then something waits for a CPU although we leave some of it. */
function machine({ total }: Usage, { cores }: Context, pressure: number): Finding {
  return {
    name: 'machine',
    use: Math.max(total / cores, pressure),
    told: `machine: ${total.toFixed(2)} of ${cores} cores by our own processes; something waited for a CPU in ${formatShare(pressure)} of the time`,
  }
}

/** Who waits for a connection waits for a row's lock, where most of those who have one do. */
function queues(usage: Usage, context: Context): Finding[] {
  const { mode } = context
  const { poolUse, poolWaitMs, poolWaiting, limiterWaiting, limiterShare } = usage
  const lock = readLock(usage, context)
  const pool = `${formatShare(poolUse)} of the connections in use, ${formatNumber(poolWaiting)} waiting ${formatNumber(poolWaitMs)} ms each`
  const isWaiting = poolWaiting >= 1 || HAS_SEMAPHORE.includes(mode)
  return [
    {
      name: lock === null ? 'pool wait' : 'row lock',
      use: isWaiting ? poolUse : Math.min(poolUse, BUSY - CLOSE),
      measured: poolUse,
      told: lock === null ? `pool wait: ${pool}` : `row lock: ${lock}, and ${pool}`,
    },
    ...(HAS_SEMAPHORE.includes(mode)
      ? [
          {
            name: 'limiter' as const,
            use: limiterShare,
            told: `limiter: ${formatNumber(limiterWaiting)} waited for a place, in ${formatShare(limiterShare)} of the seconds`,
          },
        ]
      : []),
  ]
}

/** What speaks for a row's lock; null where that is not what is waited for. In older runs nobody looked at locks. */
function readLock({ lockWaiting, poolInUse, cpu }: Usage, { mode, codes, cores }: Context): string | null {
  if (lockWaiting !== null)
    return lockWaiting >= LOCKED * poolInUse && lockWaiting > 0
      ? `${formatNumber(lockWaiting)} of ${formatNumber(poolInUse)} connections in use waited for a lock`
      : null
  const isOneRow = mode !== 'token-bucket' && codes === 1 && cpu('postgres') / cores < BUSY
  return isOneRow ? 'one code, Postgres has time' : null
}

/** A drain that mostly does not keep up is the limit, whatever else is busy. */
function backlogs(trials: readonly Trial[]): Finding[] {
  const all = trials.flatMap((trial) => readBacklog(trial) ?? [])
  const behind = all.filter(({ keepsUp }) => !keepsUp).length
  if (all.length === 0) return []
  const most = Math.max(...all.map(({ atEnd }) => atEnd))
  const told = `worker backlog: the drain fell behind in ${behind} of ${all.length} trials, ${formatNumber(most)} waited at most`
  return [{ name: 'worker backlog', use: 2 * behind >= all.length ? 1 : behind / all.length, told }]
}

function readUsage(samples: readonly Sample[]): Usage {
  const loops = samples.flatMap(({ event_loop: loop }) => loop ?? [])
  const pools = samples.flatMap(({ pool }) => pool ?? [])
  const locks = samples.flatMap(({ lock_waiting: waiting }) => waiting ?? [])
  const waits = samples.flatMap(({ limiter_waiting: waiting }) => waiting ?? [])
  const cpu = (kind: keyof Sample['cpu']) => mean(samples.map((sample) => sample.cpu[kind] ?? 0))
  return {
    eventLoop: mean(loops.map(({ utilisation }) => utilisation)),
    lagMs: mean(loops.map(({ lag_ms }) => lag_ms)),
    cpu,
    total: mean(samples.map((sample) => Object.values(sample.cpu).reduce((sum, cores) => sum + cores, 0))),
    poolUse: mean(pools.map(({ in_use, size }) => (size === 0 ? 0 : in_use / size))),
    poolWaitMs: mean(pools.map(({ wait_ms }) => wait_ms)),
    poolWaiting: mean(pools.map(({ waiting }) => waiting)),
    poolInUse: mean(pools.map(({ in_use }) => in_use)),
    lockWaiting: locks.length === 0 ? null : mean(locks),
    limiterWaiting: mean(waits),
    limiterShare: waits.length === 0 ? 0 : waits.filter((waiting) => waiting > 0).length / waits.length,
  }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
