import { Router } from 'express'
import { z } from 'zod'
import type { Buckets } from '../limiters/buckets.ts'
import { parseBody } from './parse-body.ts'

const body = z.strictObject({ codes: z.array(z.string().min(1).max(64)).min(1).max(10_000) })

/** For the operations port: the buckets' view of uses left, to be held against the ledger's. */
export function createBucketRoutes(buckets: Buckets): Router {
  const router = Router()
  router.post('/buckets', async (request, response) => {
    const { codes } = parseBody(body, request)
    const left = await buckets.usesLeft(codes)
    response.json(Object.fromEntries(codes.map((code) => [code, left.get(code) ?? null])))
  })
  return router
}
