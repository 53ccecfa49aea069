import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'

/**
 * When a process started, as text to compare and nothing else: a pid alone may long belong to another process.
 * Returns null when there is no such process, or it is a zombie that only waits to be reaped.
 */
export function readStartTime(pid: number): string | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return process.platform === 'linux' ? null : askPs(pid)
  }
  // The name in parentheses may hold spaces and parentheses itself, so that fields are counted behind the last one:
  // field 3 is the state, field 22 the start time in clock ticks since boot (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? null : (fields[19] ?? null)
}

function askPs(pid: number): string | null {
  try {
    const output = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] })
    return output.toString().trim() || null
  } catch {
    return null
  }
}

/** True as long as the process that had this start time still runs. */
export function isSameProcess(pid: number, startTime: string | null): boolean {
  return startTime !== null && readStartTime(pid) === startTime
}

/** Names this boot of this machine; pids and start times mean nothing outside of it. Empty where it is not known. */
export function readBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** Names the set of pids that this process sees: containers that share a temp directory do not share their pids. */
export function readPidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}
