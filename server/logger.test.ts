import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'

function log(error: unknown): string {
  const lines: string[] = []
  createLogger('info', 'test', { write: (line) => void lines.push(line) }).error({ err: error }, 'failed')
  return lines.join('')
}

test('of an error only type, message, code, stack and cause are logged', () => {
  const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (email)=(a@b.test) exists' })
  const { err } = JSON.parse(log(new Error('outer', { cause })))
  expect(Object.keys(err).sort()).toEqual(['cause', 'message', 'stack', 'type'])
  expect(err.cause).toEqual({ type: 'Error', message: 'duplicate key', code: '23505', stack: expect.any(String) })
})

test("addresses and passwords in other systems' messages are hidden", () => {
  const cause = new Error('550 <person@example.test>: no such user (smtp://user:s3cret@host)')
  const line = log(new Error("Can't send mail to person@example.test", { cause }))
  expect(line).not.toMatch(/person|s3cret/)
  expect(line).toContain("Can't send mail to ***")
  expect(line).toContain('logger.test.ts')
})
