import { formatBytes, formatNumber } from '../analysis/format.ts'
import type { Run } from '../run-file.ts'
import { meterLine } from './calibration-report.ts'

type Described = Pick<
  Run,
  'environment' | 'started_at' | 'finished_at' | 'status' | 'harness_peak_rss_bytes' | 'calibration'
>

/** What somebody needs to judge whether figures of another machine can be compared. */
export function environmentRows(run: Described): { name: string; value: string }[] {
  const { environment } = run
  return [
    {
      name: 'machine',
      value: `${environment.cpu}, ${environment.cores} cores, ${formatBytes(environment.memory_bytes)}`,
    },
    { name: 'system', value: `${environment.os}, kernel ${environment.kernel}` },
    { name: 'Node', value: environment.node },
    { name: 'Postgres', value: `${environment.postgres}; ${settings(environment.postgres_settings)}` },
    { name: 'Redis', value: `${environment.redis}; ${settings(environment.redis_settings)}` },
    { name: 'packages', value: settings(environment.packages, ' ') },
    { name: 'git commit', value: environment.git_commit ?? 'not a git checkout' },
    { name: 'started', value: run.started_at },
    { name: 'finished', value: run.finished_at ?? `not finished (${run.status})` },
    // A bench tells it beside its gates.
    ...('points' in run ? [{ name: 'meter', value: meterLine(run.calibration) }] : []),
    { name: 'harness', value: `${formatNumber(run.harness_peak_rss_bytes / 1e6)} MB at most` },
    { name: 'different from production', value: environment.notes.join('; ') || 'nothing' },
  ]
}

function settings(values: Record<string, string>, separator = '='): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}${separator}${value}`)
    .join(', ')
}
