import { CAUSES, type Cause, type ProcessKind, type Result, type Trial, type Work } from '../run-file.ts'
import { succeeded } from './rounds.ts'

type WorkPerRedemption = NonNullable<Result['work_per_redemption']>
export type CpuByKind = Partial<Record<ProcessKind, number>>

/** Who takes part in accepting, and who in all. The mail sink and the generator stand beside the system, so their CPU is no cost of a redemption. */
const ACCEPTING_KINDS = ['server', 'postgres', 'redis'] as const
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
    wal_bytes: walPerRedemption(works, 'wal_bytes'),
    wal_full_page_bytes: walPerRedemption(works, 'wal_full_page_bytes'),
    cpu_ms: mergeCpu(cpu.accept, cpu.drain),
    accept_cpu_ms: total(cpu.accept, ACCEPTING_KINDS),
    drain_cpu_ms: total(cpu.drain, SYSTEM_KINDS),
  }
}

/**
 * CPU milliseconds per redemption and kind of process: of accepting it, and of draining it afterwards. A kind that some
 * trial does not know (stores that somebody else runs) is left out.
 */
export function cpuPerRedemption(trials: readonly Trial[]): { accept: CpuByKind; drain: CpuByKind } {
  const counted = countedTrials(trials)
  const accepted = sum(counted, ({ work }) => work.redemptions)
  const drained = sum(counted, ({ drained }) => drained)
  const cpuOf = (field: 'accept_cpu_ms' | 'drain_cpu_ms') => counted.map(({ work }) => work[field])
  return {
    accept: cpuOver(accepted, ACCEPTING_KINDS, cpuOf('accept_cpu_ms')),
    drain: cpuOver(drained, SYSTEM_KINDS, cpuOf('drain_cpu_ms')),
  }
}

function countedTrials(trials: readonly Trial[]): { work: Work; drained: number }[] {
  return trials
    .filter(succeeded)
    .flatMap(({ work, drain }) => (work ? [{ work, drained: drain?.redemptions ?? 0 }] : []))
}

/** Over the trials that know it; null when none does. */
function walPerRedemption(works: readonly Work[], field: 'wal_bytes' | 'wal_full_page_bytes'): number | null {
  const known = works.flatMap(({ redemptions, [field]: bytes }) => (bytes === null ? [] : [{ redemptions, bytes }]))
  const redemptions = sum(known, (work) => work.redemptions)
  return redemptions === 0 ? null : sum(known, ({ bytes }) => bytes) / redemptions
}

function cpuOver(redemptions: number, kinds: readonly ProcessKind[], cpuMs: readonly CpuByKind[]): CpuByKind {
  const byKind: CpuByKind = {}
  if (redemptions === 0) return byKind
  for (const kind of kinds) {
    const known = cpuMs.flatMap((one) => one[kind] ?? [])
    if (known.length === cpuMs.length) byKind[kind] = sum(known, (ms) => ms) / redemptions
  }
  return byKind
}

function mergeCpu(accept: CpuByKind, drain: CpuByKind): CpuByKind {
  const merged: CpuByKind = {}
  const isAccepting = (kind: ProcessKind) => ACCEPTING_KINDS.some((accepting) => accepting === kind)
  for (const kind of SYSTEM_KINDS) {
    const parts = isAccepting(kind) ? [accept[kind], drain[kind]] : [drain[kind]]
    const cpuMs = sumOrNull(parts)
    if (cpuMs !== null) merged[kind] = cpuMs
  }
  return merged
}

function total(cpu: CpuByKind, kinds: readonly ProcessKind[]): number | null {
  return sumOrNull(kinds.map((kind) => cpu[kind]))
}

/** Unknown is not zero: without one of its parts a sum is unknown. */
function sumOrNull(parts: readonly (number | undefined)[]): number | null {
  const known = parts.filter((part) => part !== undefined)
  return known.length === parts.length ? sum(known, (part) => part) : null
}

function mapCauses(value: (cause: Cause) => number): Record<Cause, number> {
  const [request, ledger, job] = CAUSES.map(value)
  return { request: request ?? 0, ledger: ledger ?? 0, job: job ?? 0 }
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
