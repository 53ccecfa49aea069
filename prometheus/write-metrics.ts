import { writeFileSync } from 'node:fs'
import { describeMetrics } from './describe-metrics.ts'
import { describeAlerts, README, readReadme, replaceSection } from './readme-sections.ts'
import { startWatchedSystem } from './testing/watched-system.ts'

/** Writes the tables of this folder's README, from a system that runs for it. */
const watched = await startWatchedSystem()
try {
  const metrics = describeMetrics(await watched.readExpositions())
  writeFileSync(README, replaceSection(replaceSection(readReadme(), 'alerts', describeAlerts()), 'metrics', metrics))
} finally {
  await watched.stop()
}
