import { createSecretKey } from 'node:crypto'
import { errors, jwtVerify } from 'jose'
import { z } from 'zod'
import { RequestError } from '../errors.ts'

/** Whoever shows no token. */
const PUBLIC_TENANT = 'public'
/** A tenant is part of keys in Redis: no braces, no colons. */
const claims = z.object({ role: z.literal('tenant'), tenant: z.string().regex(/^[\w.-]{1,64}$/) })

/**
 * Which tenant asks, by the `Authorization` header.
 * @throws RequestError 401 when the token is not valid, 403 when it is not a tenant's
 */
export type ReadTenant = (authorization: string | undefined) => Promise<string>

export function createReadTenant(secret: string): ReadTenant {
  const key = createSecretKey(Buffer.from(secret))
  return async (authorization) => {
    if (authorization === undefined) return PUBLIC_TENANT
    const token = /^Bearer (\S+)$/i.exec(authorization)?.[1] ?? ''
    const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] }).catch((error: unknown) => {
      if (!(error instanceof errors.JOSEError)) throw error
      throw new RequestError(401, 'unauthorised', 'The token is not valid')
    })
    const read = claims.safeParse(payload)
    if (!read.success) throw new RequestError(403, 'forbidden', 'This token is not a tenant’s')
    return read.data.tenant
  }
}
