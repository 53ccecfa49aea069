import type { RequestHandler } from 'express'
import { errors, jwtVerify } from 'jose'
import { z } from 'zod'
import { RequestError } from '../errors.ts'

const claims = z.object({ role: z.string() })

/**
 * Lets administrators in: a JWT by HS256 and nothing else, which says when it ends, with the role `admin`. Issuer and
 * audience are not asked for: the secret is this system's own.
 * @param secret at least 32 bytes (RFC 7518, 3.2)
 */
export function requireAdmin(secret: string): RequestHandler {
  const key = new TextEncoder().encode(secret)
  const options = { algorithms: ['HS256'], typ: 'JWT', requiredClaims: ['exp'] }

  return async (request, response, next) => {
    const [, token] = /^Bearer ([\w.-]+)$/i.exec(request.headers.authorization ?? '') ?? []
    if (token === undefined) throw new RequestError(401, 'unauthorised', "An administrator's token is needed")
    const verified = await jwtVerify(token, key, options).catch((error: unknown) => {
      if (!(error instanceof errors.JOSEError)) throw error
      response.set('WWW-Authenticate', 'Bearer error="invalid_token"')
      throw new RequestError(401, 'unauthorised', 'This token is not valid, or not any more')
    })
    const { data } = claims.safeParse(verified.payload)
    if (data?.role !== 'admin') throw new RequestError(403, 'forbidden', 'This is for administrators')
    next()
  }
}
