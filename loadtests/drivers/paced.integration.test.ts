import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { afterAll, afterEach, expect, test } from 'vitest'
import { collectAnswers, createLoadTarget } from '../testing/load-target.ts'
import type { LoadSpec } from './driver.ts'
import { createPacedDriver } from './paced.ts'

const driver = createPacedDriver()
const target = createLoadTarget()
const { serve } = target

afterEach(() => target.closeServer())
afterAll(() => target.remove())

function specFor(url: string, rate: number, seconds: number, more: Partial<LoadSpec> = {}): LoadSpec {
  const arrivals = { model: 'constant' as const, rate }
  return target.specFor(url, { engine: 'paced', connections: 500, arrivals, duration_seconds: seconds, ...more })
}

const millisecondsAt = (encoded: string, percentile: number) =>
  decodeFromCompressedBase64(encoded).getValueAtPercentile(percentile) / 1000

test('everybody comes at their moment, each as another person, and every acceptance is kept', async () => {
  const url = await serve((request, response) => {
    request.resume()
    response.writeHead(202).end('{"redemption_id":"r-1"}')
  })
  const result = await driver.load(specFor(url, 200, 1))
  expect(result).toMatchObject({ accepted: 200, refused: 0, errors: 0, by_status: { 202: 200 } })
  expect(result.schedule).toMatchObject({ scheduled: 200, sent: 200, dropped: 0 })
  const answers = await collectAnswers(result.answers_file)
  expect(new Set(answers.map(({ email }) => email)).size).toBe(200)
})

test('a stall delays all who come meanwhile, and all of them are counted', async () => {
  let stalledUntil = Number.POSITIVE_INFINITY
  let isFirst = true
  const url = await serve((request, response) => {
    request.resume()
    if (isFirst) stalledUntil = performance.now() + 1_000
    isFirst = false
    setTimeout(() => response.writeHead(202).end('{}'), Math.max(0, stalledUntil - performance.now()))
  })
  const result = await driver.load(specFor(url, 100, 2))
  // Half of all came during the stall and waited for its end, 500 ms in the mean.
  expect(result.accepted).toBe(200)
  expect(millisecondsAt(result.histogram, 75)).toBeGreaterThan(400)
  expect(millisecondsAt(result.histogram, 99)).toBeGreaterThan(950)
})

test('waiting for a connection is part of the latency and of the lag; whoever finds none was never sent', async () => {
  const url = await serve((request, response) => {
    request.resume()
    setTimeout(() => response.writeHead(202).end('{}'), 300)
  })
  const spec = specFor(url, 60, 1, { connections: 2, timeout_seconds: 1 })
  const result = await driver.load(spec)
  const { scheduled = 0, sent = 0, dropped = 0 } = result.schedule ?? {}
  expect(scheduled).toBe(60)
  expect(sent + dropped).toBe(60)
  expect(dropped).toBeGreaterThan(0)
  expect(result.accepted + result.errors).toBe(60)
  expect(result.by_status['not_sent']).toBe(dropped)
  expect(millisecondsAt(result.schedule?.lag_histogram ?? '', 99)).toBeGreaterThan(300)
  expect(millisecondsAt(result.histogram, 99)).toBeGreaterThan(600)
})

test('time-outs, broken connections and a server that is gone are told apart', async () => {
  let number = 0
  const url = await serve((request, response) => {
    request.resume()
    const kind = ++number % 3
    if (kind === 0) request.socket.destroy()
    else if (kind === 1) response.writeHead(202).end('{}')
  })
  const result = await driver.load(specFor(url, 30, 0.5, { timeout_seconds: 1 }))
  const { by_status: statuses } = result
  expect(statuses['202']).toBeGreaterThan(0)
  expect(statuses['timeout']).toBeGreaterThan(0)
  expect(statuses['connection_error']).toBeGreaterThan(0)
  expect(result.accepted + result.errors).toBe(result.schedule?.scheduled)
  target.closeServer()
  const gone = await driver.load(specFor(url, 30, 0.5))
  expect(gone).toMatchObject({ accepted: 0, errors: 15, by_status: { not_sent: 15 } })
  expect(gone.schedule).toMatchObject({ scheduled: 15, dropped: 15 })
})

test('a person goes on with the script; the second step counts from when it was due', async () => {
  const url = await serve((request, response) => {
    request.resume()
    response.writeHead(request.method === 'POST' ? 202 : 200).end(JSON.stringify({ redemption_id: 'r-1' }))
  })
  const requests = { kind: 'poll-status' as const, code: 'HOT', polls: 2, think_ms: 50, email_prefix: 'poll' }
  const result = await driver.load(specFor(url, 40, 4, { requests }))
  expect(result.accepted).toBe(160)
  // Who still thought when the time was over asked no more.
  expect(result.served).toBeGreaterThan(80)
  expect(result.served).toBeLessThan(320)
  expect(result.steps['status']?.answers).toBe(result.served)
})

test('personal codes end when none is left', async () => {
  const url = await serve((request, response) => {
    request.resume()
    response.writeHead(409).end('{}')
  })
  const requests = {
    ...{ kind: 'redeem-personal' as const, code_prefix: 'P', codes: 7, email_prefix: 'me' },
    ...{ repeat_every: 100, stranger_every: 100 },
  }
  const result = await driver.load(specFor(url, 50, 0.5, { requests }))
  expect(result).toMatchObject({ refused: 7, errors: 0 })
  expect(result.schedule).toMatchObject({ scheduled: 7, sent: 7 })
})

test('an interrupted load gives what was measured until then', async () => {
  const abort = new AbortController()
  let number = 0
  const url = await serve((request, response) => {
    request.resume()
    if (++number === 20) abort.abort()
    response.writeHead(202).end('{}')
  })
  const result = await driver.load(specFor(url, 100, 60), { signal: abort.signal })
  expect(result.accepted).toBeGreaterThanOrEqual(20)
  expect(result.errors).toBe(0)
})

test('an open loop without arrivals is refused', async () => {
  const spec = target.specFor('http://127.0.0.1:1', { engine: 'paced', duration_seconds: 1 })
  await expect(driver.load(spec)).rejects.toThrow('an open loop needs arrivals')
})
