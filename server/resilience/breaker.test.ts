import { afterEach, expect, test, vi } from 'vitest'
import { UnavailableError } from '../errors.ts'
import { createBreaker } from './breaker.ts'

class Refusal extends Error {}
const PAUSE_MS = 1_000

afterEach(() => void vi.useRealTimers())

function create() {
  vi.useFakeTimers({ toFake: ['Date'] })
  const breaker = createBreaker({
    dependency: 'mail',
    isOutage: (error) => !(error instanceof Refusal),
    pauseMs: PAUSE_MS,
  })
  const fail = (error: Error = new Error('down')) => breaker.run(() => Promise.reject(error)).catch((thrown) => thrown)
  const succeed = () => breaker.run(async () => 'done')
  return { breaker, fail, succeed }
}

test('opens after failures in a row, and then asks nobody', async () => {
  const { breaker, fail, succeed } = create()
  await fail()
  await fail()
  expect(await succeed()).toBe('done')
  for (let n = 0; n < 3; n++) expect(await fail()).toMatchObject({ message: 'down' })
  expect(breaker.state).toBe('open')
  const work = vi.fn(async () => 'done')
  const refused = await breaker.run(work).catch((error) => error)
  expect(refused).toBeInstanceOf(UnavailableError)
  expect(refused).toMatchObject({ message: 'mail is down: not asked', retryAfterSeconds: 1 })
  expect(work).not.toHaveBeenCalled()
})

test('what is refused for its own sake does not open it, and shows that somebody is there', async () => {
  const { breaker, fail } = create()
  await fail()
  await fail()
  for (let n = 0; n < 5; n++) expect(await fail(new Refusal('550'))).toBeInstanceOf(Refusal)
  await fail()
  await fail()
  expect(breaker.state).toBe('closed')
})

test('after a pause one call tries while the others are refused; its success closes', async () => {
  const { breaker, fail, succeed } = create()
  for (let n = 0; n < 3; n++) await fail()
  vi.setSystemTime(Date.now() + PAUSE_MS)
  let finish = (_: string) => {}
  const trying = breaker.run(() => new Promise<string>((resolve) => (finish = resolve)))
  expect(breaker.state).toBe('half-open')
  await expect(succeed()).rejects.toThrow('not asked')
  finish('done')
  expect(await trying).toBe('done')
  expect(breaker.state).toBe('closed')
  expect(await succeed()).toBe('done')
})

test('its failure opens again', async () => {
  const { breaker, fail, succeed } = create()
  for (let n = 0; n < 3; n++) await fail()
  vi.setSystemTime(Date.now() + PAUSE_MS)
  expect(await fail()).toMatchObject({ message: 'down' })
  expect(breaker.state).toBe('open')
  await expect(succeed()).rejects.toThrow('not asked')
})
