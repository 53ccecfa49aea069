import type { StationUse } from '../report/charts/station-use.ts'
import type { Demand } from './pool-curve.ts'
import type { PointResult } from './sweep-file.ts'

/** What a CPU of its own serves; everything else spreads over the cores of the machine. */
const ONE_CORE = ['redis', 'scheduler', 'generator'] as const

type Used = Pick<PointResult, 'cores' | 'cpu_ms_per_answer' | 'pool'>

/** Dmax of what has been counted: CPU of a server process, of Redis, and of the whole machine. Null where no CPU is known. */
export function largestDemand({ cpu_ms_per_answer: cpu }: Used, servers: number, cores: number): Demand | null {
  const all = Object.values(cpu).reduce((sum, ms) => sum + ms, 0)
  const demands: Demand[] = [
    { station: 'a server process', seconds: (cpu.server ?? 0) / servers / 1_000 },
    { station: 'Redis', seconds: (cpu.redis ?? 0) / 1_000 },
    { station: 'all cores of the machine', seconds: all / cores / 1_000 },
  ]
  const largest = demands.reduce((most, demand) => (demand.seconds > most.seconds ? demand : most))
  return largest.seconds > 0 ? largest : null
}

/** How busy everything is at one point, for a picture. */
export function stationsOf(used: Used, sizes: { servers: number; pool: number }, cores: number): StationUse[] {
  const bound = (kind: string) => {
    if (kind === 'server') return sizes.servers
    return ONE_CORE.some((one) => one === kind) ? 1 : cores
  }
  const kinds = Object.entries(used.cores).map(([kind, busy]) => ({
    name: kind.replace('_', ' '),
    className: `k-${kind}`,
    busy,
    of: bound(kind),
    unit: 'cores',
  }))
  const all = Object.values(used.cores).reduce((sum, busy) => sum + busy, 0)
  const machine = { name: 'all together', className: 'm-ceiling', busy: all, of: cores, unit: 'cores' }
  const connections = sizes.pool * sizes.servers
  const pool = used.pool && {
    name: 'Postgres connections',
    className: 'k-pool',
    busy: used.pool.busy.median,
    of: connections,
    unit: 'in use',
  }
  return [...kinds, machine, ...(pool ? [pool] : [])]
}
