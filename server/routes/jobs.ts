import { Router } from 'express'
import { type InviteQueue, listLiveJobs } from '../queue/invite-queue.ts'

/** For the operations port: the ids of invite jobs that will still run. */
export function createJobRoutes(queue: InviteQueue): Router {
  const router = Router()
  router.get('/jobs', async (_request, response) => {
    response.json({ live: await listLiveJobs(queue) })
  })
  return router
}
