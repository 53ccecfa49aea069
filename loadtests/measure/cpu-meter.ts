import type { ProcessKind } from '../run-file.ts'
import { readProcessTable, sumCpuMs } from './proc.ts'

export type CpuMs = Partial<Record<ProcessKind, number>>

/** @returns the CPU time in ms of each kind of process so far; empty where there is no /proc */
export function readCpu(roots: Partial<Record<ProcessKind, readonly number[]>>): CpuMs {
  const table = readProcessTable()
  if (table === null) return {}
  const entries = Object.entries(roots).map(([kind, pids]) => [kind, sumCpuMs(table, pids)])
  return Object.fromEntries(entries) as CpuMs
}

/** A process that died in between takes its time with it; less than nothing is nothing. */
export function subtractCpu(after: CpuMs, before: CpuMs): CpuMs {
  const entries = Object.entries(after).map(([kind, ms]) => [
    kind,
    Math.max(0, ms - (before[kind as ProcessKind] ?? ms)),
  ])
  return Object.fromEntries(entries) as CpuMs
}
