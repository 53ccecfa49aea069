import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { serverConfig } from './config.ts'
import { ConfigurationError, parseEnvironment } from './environment.ts'

const STORES = { DATABASE_URL: 'postgres://u:pw@127.0.0.1/db', REDIS_URL: 'redis://127.0.0.1:6379' }

function complaintOf(environment: Record<string, string>): string {
  try {
    parseEnvironment(serverConfig, environment)
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return (error as Error).message
  }
  throw new Error('expected a complaint')
}

describe('the environment', () => {
  test('is parsed, completed with defaults and frozen', () => {
    const config = parseEnvironment(serverConfig, { ...STORES, PORT: '0', SEMAPHORE_LIMIT: '3', HOST: '' })
    expect(config).toMatchObject({ PORT: 0, SEMAPHORE_LIMIT: 3, HOST: '127.0.0.1', LIMITER_MODE: 'token-bucket' })
    expect(Object.isFrozen(config)).toBe(true)
  })

  test('every fault is told at once, with the value that was given', () => {
    const complaint = complaintOf({
      REDIS_URL: 'http://127.0.0.1',
      LIMITER_MODE: 'bucket',
      PORT: '70000',
      DB_POOL_MAX: 'many',
      SEMAPHORE_LIMIT: '0',
      REQUEST_DEADLINE_MS: '-5',
      SEMAPHORE_LEASE_MS: '2.5',
    })
    expect(complaint).toContain('8 fault(s)')
    expect(complaint).toContain('DATABASE_URL: is required (not set)')
    expect(complaint).toMatch(/REDIS_URL: expected a URL that starts with redis:.* \(got "http:\/\/127\.0\.0\.1"\)/)
    expect(complaint).toMatch(/LIMITER_MODE: expected one of none, .*token-bucket \(got "bucket"\)/)
    expect(complaint).toContain('PORT: expected at most 65535 (got "70000")')
    expect(complaint).toContain('DB_POOL_MAX: expected a whole number of at least 1 (got "many")')
    expect(complaint).toContain('SEMAPHORE_LIMIT: expected at least 1 (got "0")')
    expect(complaint).toContain('REQUEST_DEADLINE_MS: expected at least 1 (got "-5")')
    expect(complaint).toContain('SEMAPHORE_LEASE_MS: expected a whole number (got "2.5")')
  })

  test('faults between variables are told together with the others', () => {
    const complaint = complaintOf({ ...STORES, PORT: 'x', SEMAPHORE_LEASE_MS: '1000', STATEMENT_TIMEOUT_MS: '2000' })
    expect(complaint).toContain('2 fault(s)')
    expect(complaint).toContain('SEMAPHORE_LEASE_MS: expected more than STATEMENT_TIMEOUT_MS')
  })

  test.each([
    ['DATABASE_URL', 'mysql://user:s3cret@host/db'],
    ['DATABASE_URL', 'user:s3cret@host/db'],
    ['DATABASE_URL', 'mysql://user:p@s3cret@host/db'],
    ['DATABASE_URL', 'mysql://user:p:s3cret@host/db'],
    ['REDIS_URL', 'http://:s3cret@host'],
    ['REDIS_URL', 'redis+cluster://me:s3cret@host:1/2'],
    ['REDIS_URL', 'redis+sentinel://:s3cret@a:1,b:2'],
    ['ADMIN_JWT_SECRET', 's3cret'],
  ])('no secret is shown: %s=%s', (name, value) => {
    const complaint = complaintOf({ ...STORES, [name]: value })
    expect(complaint).toContain(name)
    expect(complaint).not.toContain('s3cret')
  })

  test('a file holds the value of a variable, as secrets are mounted into containers', () => {
    const directory = mkdtempSync(join(tmpdir(), 'secrets-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'database-url')
    writeFileSync(file, `${STORES.DATABASE_URL}\n`)
    const { REDIS_URL } = STORES
    expect(parseEnvironment(serverConfig, { REDIS_URL, DATABASE_URL_FILE: file }).DATABASE_URL).toBe(
      STORES.DATABASE_URL,
    )
    expect(complaintOf({ ...STORES, DATABASE_URL_FILE: file })).toContain('DATABASE_URL_FILE: name either this file')
    expect(complaintOf({ REDIS_URL, DATABASE_URL_FILE: `${file}.gone` })).toMatch(/DATABASE_URL_FILE: ENOENT/)
    writeFileSync(file, 'mysql://user:s3cret@host/db')
    expect(complaintOf({ REDIS_URL, DATABASE_URL_FILE: file })).not.toContain('s3cret')
  })
})
