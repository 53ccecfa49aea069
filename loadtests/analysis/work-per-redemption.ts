import { CAUSES, type Cause, PROCESS_KINDS, type ProcessKind, type Result, type Trial, type Work } from '../run-file.ts'
import { succeeded } from './rounds.ts'

type WorkPerRedemption = NonNullable<Result['work_per_redemption']>
export type CpuByKind = Partial<Record<ProcessKind, number>>

/** The mail sink and the generator stand beside the system, so their CPU is no cost of a redemption. */
export const ACCEPTING_KINDS = ['server', 'postgres', 'redis'] as const
export const SYSTEM_KINDS = ['server', 'worker', 'scheduler', 'postgres', 'redis'] as const

/** Totals of all trials over their redemptions: counted work does not depend on the machine's speed. */
export function workPerRedemption(trials: readonly Trial[]): WorkPerRedemption | null {
  const counted = countedTrials(trials)
  const works = counted.map(({ work }) => work)
  const redemptions = sum(works, (work) => work.redemptions)
  if (redemptions === 0) return null
  const perCause = (field: 'redis_round_trips' | 'redis_commands' | 'sql_statements') =>
    mapCauses((cause) => sum(works, (work) => work[field][cause]) / redemptions)
  const cpu = cpuPerRedemption(trials)
  return {
    redis_round_trips: perCause('redis_round_trips'),
    redis_commands: perCause('redis_commands'),
    sql_statements: perCause('sql_statements'),
    wal_bytes: sum(works, (work) => work.wal_bytes) / redemptions,
    wal_full_page_bytes: sum(works, (work) => work.wal_full_page_bytes) / redemptions,
    cpu_ms: mergeCpu(cpu.accept, cpu.drain),
    accept_cpu_ms: total(cpu.accept, ACCEPTING_KINDS),
    drain_cpu_ms: total(cpu.drain, SYSTEM_KINDS),
  }
}

/** CPU milliseconds per redemption and kind of process: of accepting it, and of draining it afterwards. */
export function cpuPerRedemption(trials: readonly Trial[]): { accept: CpuByKind; drain: CpuByKind } {
  const counted = countedTrials(trials)
  const accepted = sum(counted, ({ work }) => work.redemptions)
  const drained = sum(counted, ({ drained }) => drained)
  const accept = cpuOver(accepted, (kind) => sum(counted, ({ work }) => work.accept_cpu_ms[kind] ?? 0))
  const drain = cpuOver(drained, (kind) => sum(counted, ({ work }) => work.drain_cpu_ms[kind] ?? 0))
  return { accept, drain }
}

function countedTrials(trials: readonly Trial[]): { work: Work; drained: number }[] {
  return trials
    .filter(succeeded)
    .flatMap(({ work, drain }) => (work ? [{ work, drained: drain?.redemptions ?? 0 }] : []))
}

function cpuOver(redemptions: number, cpuMs: (kind: ProcessKind) => number): CpuByKind {
  const byKind: CpuByKind = {}
  if (redemptions === 0) return byKind
  for (const kind of SYSTEM_KINDS) byKind[kind] = cpuMs(kind) / redemptions
  return byKind
}

function mergeCpu(accept: CpuByKind, drain: CpuByKind): CpuByKind {
  const merged: CpuByKind = {}
  for (const kind of PROCESS_KINDS) {
    const parts = [accept[kind], drain[kind]].filter((part) => part !== undefined)
    if (parts.length > 0) merged[kind] = sum(parts, (part) => part)
  }
  return merged
}

function total(cpu: CpuByKind, kinds: readonly ProcessKind[]): number {
  return sum(kinds, (kind) => cpu[kind] ?? 0)
}

function mapCauses(value: (cause: Cause) => number): Record<Cause, number> {
  const [request, ledger, job] = CAUSES.map(value)
  return { request: request ?? 0, ledger: ledger ?? 0, job: job ?? 0 }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
