import type { DashboardSpec } from './dashboard-spec.ts'
import { LOAD_TEST } from './load-test.ts'
import { MODES } from './modes.ts'
import { NODE_PROCESSES } from './node-processes.ts'
import { OVERVIEW } from './overview.ts'
import { POOLS } from './pools.ts'
import { QUEUE } from './queue.ts'

/** Every dashboard: one line each. */
export const DASHBOARDS: readonly DashboardSpec[] = [OVERVIEW, MODES, POOLS, QUEUE, LOAD_TEST, NODE_PROCESSES]
