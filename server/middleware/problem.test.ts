import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { ConnectionError, DatabaseError, HostNotFoundError, HostNotReachableError } from 'sequelize'
import { expect, test } from 'vitest'
import { createLogger } from '../logger.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { createErrorHandler } from './problem.ts'

const sqlError = (code?: string) =>
  new DatabaseError(Object.assign(new Error('refused'), { sql: '', ...(code !== undefined && { code }) }) as never)

test.each([
  ['a Postgres that refuses connections', new ConnectionError(new Error('refused')), 503],
  ['a name that nobody has', new HostNotFoundError(new Error('ENOTFOUND')), 503],
  ['a host without a way to it', new HostNotReachableError(new Error('EHOSTUNREACH')), 503],
  ['a statement that broke off', sqlError(), 503],
  ['a deadlock', sqlError('40P01'), 503],
  ['a Postgres that may not be written to', sqlError('25006'), 503],
  ['a statement that Postgres refused', sqlError('22021'), 500],
  ['a fault of ours', new TypeError('undefined is not a function'), 500],
])('%s', async (_, error, status) => {
  const app = express()
  app.get('/', () => {
    throw error
  })
  app.use(createErrorHandler(createLogger('silent', 'test'), createMetrics()))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(response.status).toBe(status)
    expect(response.headers.has('retry-after')).toBe(status === 503)
  } finally {
    server.close()
  }
})
