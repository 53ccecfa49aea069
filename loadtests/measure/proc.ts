import { readdirSync, readFileSync } from 'node:fs'

/** A clock tick of /proc in milliseconds: USER_HZ is 100 on every Linux that Node runs on. */
const TICK_MS = 10

export interface ProcessTimes {
  parent: number
  /** User and system time of the process, with that of its children that have ended. */
  cpuMs: number
}

export type ProcessTable = ReadonlyMap<number, ProcessTimes>

/** All processes of this machine, or null where there is no /proc. */
export function readProcessTable(): ProcessTable | null {
  const table = new Map<number, ProcessTimes>()
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const stat = tryRead(`/proc/${name}/stat`)
      if (stat !== null) table.set(Number(name), parseStat(stat))
    }
  } catch {
    return null
  }
  return table.size > 0 ? table : null
}

/** Parses one line of /proc/<pid>/stat (proc_pid_stat(5)). */
export function parseStat(stat: string): ProcessTimes {
  // The name in parentheses may hold spaces and parentheses itself; field 3 stands behind the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  // 14 utime, 15 stime, 16 cutime, 17 cstime
  return { parent: field(4), cpuMs: (field(14) + field(15) + field(16) + field(17)) * TICK_MS }
}

/**
 * CPU time in milliseconds of these processes and everything that descends from them, each counted once. Postgres is its
 * postmaster, a cluster of servers its primary.
 */
export function sumCpuMs(table: ProcessTable, roots: readonly number[]): number {
  let total = 0
  const wanted = new Set(roots)
  for (const [pid, times] of table) if (descendsFrom(table, pid, wanted)) total += times.cpuMs
  return total
}

function descendsFrom(table: ProcessTable, pid: number, wanted: ReadonlySet<number>): boolean {
  for (let current = pid; current > 1; current = table.get(current)?.parent ?? 0) if (wanted.has(current)) return true
  return false
}

export interface MachineTime {
  steal: number
  total: number
}

/** Time of all cores since boot, in ticks, and how much of it the hypervisor gave to others. */
export function readMachineTime(): MachineTime | null {
  const line = tryRead('/proc/stat')?.split('\n', 1)[0]
  if (!line?.startsWith('cpu ')) return null
  // user nice system idle iowait irq softirq steal; guest time, behind these, is part of user and nice already.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  return { steal: ticks[7] ?? 0, total: ticks.reduce((sum, value) => sum + value, 0) }
}

/** Share of the machine's time that was stolen between two readings, 0…1; null when it is not known. */
export function stealBetween(before: MachineTime | null, after: MachineTime | null): number | null {
  if (!before || !after || after.total <= before.total) return null
  return (after.steal - before.steal) / (after.total - before.total)
}

/** Milliseconds since boot in which at least one task waited for a CPU; null where the kernel does not tell. */
export function readCpuPressureMs(): number | null {
  const total = /^some .*\btotal=(\d+)/m.exec(tryRead('/proc/pressure/cpu') ?? '')?.[1]
  return total === undefined ? null : Number(total) / 1000
}

/**
 * Memory in bytes of these processes and everything that descends from them; what they share counts once, where the
 * kernel tells it to us (proportional set size), and else for each of them.
 */
export function sumMemory(table: ProcessTable, roots: readonly number[]): number {
  let total = 0
  const wanted = new Set(roots)
  for (const pid of table.keys()) if (descendsFrom(table, pid, wanted)) total += memoryOf(pid)
  return total
}

function memoryOf(pid: number): number {
  const proportional = /^Pss:\s+(\d+) kB/m.exec(tryRead(`/proc/${pid}/smaps_rollup`) ?? '')?.[1]
  const resident = /^VmRSS:\s+(\d+) kB/m.exec(tryRead(`/proc/${pid}/status`) ?? '')?.[1]
  return 1024 * Number(proportional ?? resident ?? 0)
}

function tryRead(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
