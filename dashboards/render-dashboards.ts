import { buildDashboard } from './build-dashboard.ts'
import { DASHBOARDS } from './registry.ts'

/** The files below `json/`, by name. */
export function renderDashboards(): Map<string, string> {
  return new Map(DASHBOARDS.map((spec) => [`${spec.uid}.json`, `${JSON.stringify(buildDashboard(spec), null, 2)}\n`]))
}
