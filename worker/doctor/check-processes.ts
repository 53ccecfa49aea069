import { type ConnectionSettings, explainBudget, reckonBudget } from '../../server/db/connection-budget.ts'
import type { RegisteredProcess } from '../../server/redis/process-registry.ts'
import { bad, type Finding, good } from './check.ts'

const KINDS = [
  ['server', 'servers', 'nobody can redeem'],
  ['worker', 'workers', 'no invite goes out'],
  ['scheduler', 'schedulers', 'no invite reaches the queue, and nothing is swept'],
] as const

/** @param servingMode the mode that served last, as Redis has it */
export function judgeProcesses(processes: readonly RegisteredProcess[], servingMode: string | undefined): Finding[] {
  return [
    ...KINDS.map(([kind, plural, harm]) => judgeKind(processes, kind, plural, harm)),
    judgeMode(processes, servingMode),
  ]
}

function judgeKind(processes: readonly RegisteredProcess[], kind: string, plural: string, harm: string): Finding {
  const alive = processes.filter((process) => process.kind === kind)
  const where = alive.map(({ host, pid, version }) => `${host}:${pid} (${version})`).join(', ')
  if (alive.length > 0) return good(plural, `${alive.length} alive: ${where}`)
  return bad(plural, `none is alive: ${harm}`, `Start one: \`npm run ${kind}\`.`)
}

function judgeMode(processes: readonly RegisteredProcess[], servingMode: string | undefined): Finding {
  const servers = processes.filter(({ kind }) => kind === 'server')
  const modes = [...new Set(servers.map(({ mode }) => mode))]
  if (servers.length === 0) return good('mode', `no server is alive; ${servingMode ?? 'none'} served last`)
  const [mode = ''] = modes
  if (modes.length === 1 && mode === servingMode) return good('mode', `${mode} in every server`)
  const detail = `servers run ${modes.join(' and ')}; ${servingMode ?? 'none'} was entered last`
  return bad(
    'mode',
    detail,
    'Give every server the same LIMITER_MODE and restart them: two modes do not see each other’s uses.',
  )
}

export function judgePools(settings: ConnectionSettings, processes: readonly RegisteredProcess[]): Finding {
  const { allowed, wanted, fits } = reckonBudget(settings, processes)
  if (fits) return good('connections', `all pools together ${wanted} of ${allowed} that Postgres gives`)
  return bad(
    'connections',
    explainBudget(settings, processes),
    'Until then a process may wait for a connection in vain.',
  )
}
