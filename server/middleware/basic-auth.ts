import { createHash, timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'
import { sendProblem } from './problem.ts'

/** HTTP Basic for one user. Whatever is wrong, the answer and the time to it are the same. */
export function createBasicAuth(user: string, password: string): RequestHandler {
  const wanted = digest(Buffer.from(`${user}:${password}`))
  return (request, response, next) => {
    const given = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    if (timingSafeEqual(digest(Buffer.from(given, 'base64')), wanted)) return next()
    response.set('WWW-Authenticate', 'Basic realm="redline", charset="UTF-8"')
    sendProblem(response, { status: 401, code: 'unauthorised', title: 'A user and a password are needed' })
  }
}

/** Of one length, so that nothing is told by comparing. */
const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest()
