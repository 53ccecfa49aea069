import type { ProcessKind } from '../run-file.ts'
import { readProcessTable, sumCpuMs, sumMemory } from './proc.ts'

export type CpuMs = Partial<Record<ProcessKind, number>>
export type MemoryBytes = Partial<Record<ProcessKind, number>>

/** @returns the CPU time in ms of each kind of process so far; empty where there is no /proc */
export function readCpu(roots: Partial<Record<ProcessKind, readonly number[]>>): CpuMs {
  const table = readProcessTable()
  if (table === null) return {}
  const entries = Object.entries(roots).map(([kind, pids]) => [kind, sumCpuMs(table, pids)])
  return Object.fromEntries(entries) as CpuMs
}

/** @returns bytes of each kind of process; empty where there is no /proc */
export function readMemory(roots: Partial<Record<ProcessKind, readonly number[]>>): MemoryBytes {
  const table = readProcessTable()
  if (table === null) return {}
  return Object.fromEntries(Object.entries(roots).map(([kind, pids]) => [kind, sumMemory(table, pids)])) as MemoryBytes
}

/** A process that died in between takes its time with it; less than nothing is nothing. */
export function subtractCpu(after: CpuMs, before: CpuMs): CpuMs {
  const entries = Object.entries(after).map(([kind, ms]) => [
    kind,
    Math.max(0, ms - (before[kind as ProcessKind] ?? ms)),
  ])
  return Object.fromEntries(entries) as CpuMs
}
