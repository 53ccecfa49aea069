import express, { Router } from 'express'
import { createActivities } from '../../admin/activities.ts'
import { createCodes } from '../../admin/codes.ts'
import { createCodeMaker } from '../../admin/create-codes.ts'
import { createGroups } from '../../admin/groups.ts'
import { createStatistics } from '../../admin/statistics.ts'
import { createTeams } from '../../admin/teams.ts'
import type { Database } from '../../db/database.ts'
import { defineModels } from '../../db/models/define-models.ts'
import { createBulkhead } from '../../middleware/create-bulkhead.ts'
import { requireAdmin } from '../../middleware/require-admin.ts'
import type { RouteDescription } from '../../openapi/route-description.ts'
import type { Repair } from '../../redeem/repair.ts'
import type { SeatCalculator } from '../../redeem/seats.ts'
import { mountRoutes } from '../define-route.ts'
import { activityRoutes } from './activities.ts'
import { codeRoutes } from './codes.ts'
import { ADMIN_PATH } from './fields.ts'
import { groupRoutes } from './groups.ts'
import { repairRoutes } from './repair.ts'
import { statisticsRoutes } from './statistics.ts'
import { teamRoutes } from './teams.ts'

export interface AdminApiParts {
  readonly db: Database
  readonly repair: Repair
  readonly secret: string
  /** Of the pool that administrators share with everybody: they get a quarter of it. */
  readonly poolMax: number
  readonly deadlineMs: number
  /** Called with its id after an activity changed. */
  readonly onActivityChanged: (id: string) => Promise<void>
  readonly seats: SeatCalculator
}

/** Administrators who wait for their turn, per connection that they may use. */
const WAITING_PER_PLACE = 5

/** What stands below `/api/v1/admin`, and its description. Each request uses one connection at a time. */
export function createAdminApi(parts: AdminApiParts): { router: Router; routes: readonly RouteDescription[] } {
  const { db, seats, secret, poolMax, deadlineMs } = parts
  const models = defineModels(db.sequelize)
  const routes = [
    ...codeRoutes(createCodeMaker(db), createCodes(db, models)),
    ...repairRoutes(parts.repair),
    ...groupRoutes(createGroups(models, seats)),
    ...teamRoutes(createTeams(db, models, (groupId) => seats.invalidate([groupId]))),
    ...activityRoutes(createActivities(db, models, parts.onActivityChanged)),
    ...statisticsRoutes(createStatistics(db.read)),
  ]
  const limit = Math.max(1, Math.floor(poolMax / 4))
  const router = Router().use(requireAdmin(secret), express.json({ limit: '1mb' }))
  mountRoutes(router, ADMIN_PATH, routes, createBulkhead({ limit, maxWaiting: limit * WAITING_PER_PLACE, deadlineMs }))
  return { router, routes }
}
