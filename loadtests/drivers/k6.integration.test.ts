import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { collectAnswers, createLoadTarget } from '../testing/load-target.ts'
import type { LoadSpec } from './driver.ts'
import { createK6Driver } from './k6.ts'
import { findK6 } from './k6-binary.ts'

const driver = createK6Driver()
const target = createLoadTarget()
const missing = await findK6().then(
  () => null,
  (error: Error) => error.message,
)
if (missing !== null) process.stderr.write(`skipped: the loads of k6 (${missing})\n`)

afterEach(() => target.closeServer())
afterAll(() => target.remove())

function specFor(url: string, rate: number, seconds: number, more: Partial<LoadSpec> = {}): LoadSpec {
  const arrivals = { model: 'constant' as const, rate }
  return target.specFor(url, { engine: 'k6', connections: 100, arrivals, duration_seconds: seconds, ...more })
}

const millisecondsAt = (encoded: string, percentile: number) =>
  decodeFromCompressedBase64(encoded).getValueAtPercentile(percentile) / 1000

describe.skipIf(missing !== null)('k6', () => {
  test('each iteration is another person, and every answer is read back', async () => {
    let number = 0
    const statuses = [202, 202, 409, 503]
    const url = await target.serve((request, response) => {
      request.resume()
      const status = statuses[number++ % 4] ?? 500
      response.writeHead(status).end(status === 202 ? '{"redemption_id":"r-1"}' : '{}')
    })
    // So many VUs that this process, which answers, may be held up for seconds.
    const result = await driver.load(specFor(url, 100, 2, { connections: 1_000 }))
    const { scheduled = 0, dropped } = result.schedule ?? {}
    expect(scheduled).toBeGreaterThanOrEqual(199)
    expect(scheduled).toBeLessThanOrEqual(201)
    expect(dropped).toBe(0)
    expect(result.accepted + result.refused + result.errors).toBe(scheduled)
    expect(result.errors).toBe(result.by_status['503'])
    const answers = await collectAnswers(result.answers_file)
    expect(new Set(answers.map(({ email }) => email)).size).toBe(scheduled)
    const accepted = answers.filter(({ outcome }) => outcome === 'accepted')
    expect(accepted).toHaveLength(result.accepted)
    expect(new Set(accepted.map(({ redemption_id: id }) => id))).toEqual(new Set(['r-1']))
  })

  test('a load begins with its schedule, not while k6 makes its VUs', async () => {
    const url = await target.serve((request, response) => {
      request.resume()
      response.writeHead(202).end('{}')
    })
    const calledAt = performance.timeOrigin + performance.now()
    const result = await driver.load(specFor(url, 50, 1))
    const toEpoch = performance.timeOrigin + performance.now() - Number(process.hrtime.bigint()) / 1e6
    const tookToStart = result.started_at_ms - calledAt
    // Known from the first answer, and earlier by as long as k6 was kept waiting between its two clocks.
    expect(tookToStart).toBeGreaterThan(1)
    const schedule = (result.schedule?.began_at_ms ?? 0) + toEpoch
    expect(Math.abs(result.started_at_ms - schedule)).toBeLessThan(Math.max(2, tookToStart / 4))
  })

  test('a stall delays all who come meanwhile', async () => {
    let stalledUntil = Number.POSITIVE_INFINITY
    let isFirst = true
    const url = await target.serve((request, response) => {
      request.resume()
      if (isFirst) stalledUntil = performance.now() + 1_000
      isFirst = false
      setTimeout(() => response.writeHead(202).end('{}'), Math.max(0, stalledUntil - performance.now()))
    })
    const result = await driver.load(specFor(url, 40, 2))
    expect(millisecondsAt(result.histogram, 75)).toBeGreaterThan(400)
    expect(millisecondsAt(result.histogram, 99)).toBeGreaterThan(900)
  })

  test('people for whom there is no VU are dropped, and told', async () => {
    const url = await target.serve((request, response) => {
      request.resume()
      setTimeout(() => response.writeHead(202).end('{}'), 500)
    })
    const result = await driver.load(specFor(url, 50, 2, { connections: 2 }))
    expect(result.schedule?.dropped).toBeGreaterThan(50)
  })

  test('a script is gone through, also a waiting room; steps are told apart', async () => {
    const url = await target.serve((request, response) => {
      request.resume()
      const isPass = request.url?.includes('/queue/status')
      const body = { redemption_id: 'r-1', session_id: 's-1', seq: 1, pass: isPass ? 'a.b' : null }
      response.writeHead(request.url?.endsWith('redeem') ? 202 : 200).end(JSON.stringify(body))
    })
    const requests = {
      ...{ kind: 'pass-waiting-room' as const, activity_id: '7355ff42-5627-42d8-bc36-5f6ca5a66f03', code: 'ROOM' },
      ...{ poll_ms: 20, without_pass_every: 1_000, enter_twice_every: 1_000, email_prefix: 'p' },
    }
    const result = await driver.load(specFor(url, 20, 1, { requests }))
    const people = result.schedule?.sent
    expect(result.room).toMatchObject({ lost_enters: 0, accepted_without_pass: [] })
    expect(result.room?.entered).toHaveLength(people ?? -1)
    expect(result.room?.passes).toHaveLength(people ?? -1)
    expect(result.steps).toMatchObject({ redeem: { answers: people }, enter: { answers: people } })
  })

  test('people who would wait for ever go home, and each is counted', async () => {
    const url = await target.serve((request, response) => {
      request.resume()
      response.writeHead(200).end(JSON.stringify({ session_id: 's-1', seq: 1, pass: null }))
    })
    const requests = {
      ...{ kind: 'pass-waiting-room' as const, activity_id: '7355ff42-5627-42d8-bc36-5f6ca5a66f03', code: 'ROOM' },
      ...{ poll_ms: 20, without_pass_every: 1_000, enter_twice_every: 1_000, email_prefix: 'p' },
    }
    const result = await driver.load(specFor(url, 20, 1, { requests, timeout_seconds: 1 }))
    expect(result.schedule?.sent).toBeGreaterThanOrEqual(19)
    expect(result.room?.entered).toHaveLength(result.schedule?.sent ?? -1)
    expect(result.errors).toBe(0)
  })

  test('time-outs and broken connections are told apart', async () => {
    let number = 0
    const url = await target.serve((request) => {
      request.resume()
      if (++number % 2 === 0) request.socket.destroy()
    })
    const result = await driver.load(specFor(url, 10, 1, { timeout_seconds: 1 }))
    expect(result.accepted).toBe(0)
    expect(result.by_status['timeout']).toBeGreaterThan(0)
    expect(result.by_status['connection_error']).toBeGreaterThan(0)
  })

  test('an interrupted load gives what was measured until then', async () => {
    const abort = new AbortController()
    let number = 0
    const url = await target.serve((request, response) => {
      request.resume()
      if (++number === 100) abort.abort()
      response.writeHead(202).end('{}')
    })
    const result = await driver.load(specFor(url, 50, 60), { signal: abort.signal })
    // k6 cuts what is under way.
    expect(result.accepted).toBeGreaterThanOrEqual(50)
    expect(result.seconds).toBeLessThan(30)
  })

  test('a scenario may have more data than a variable can hold', async () => {
    const paths = new Set<string | undefined>()
    const url = await target.serve((request, response) => {
      request.resume()
      paths.add(request.url)
      response.end('{}')
    })
    const rows = Array.from({ length: 5_000 }, (_, index) => ({ id: `${index}`.padStart(40, '0') }))
    const template = { name: 'a', weight: 1, method: 'GET' as const, path: '/{{rows.id}}', headers: {} }
    const requests = [{ ...template, body: null, status: [200], body_contains: null }]
    const custom = { kind: 'custom' as const, requests, data: { rows }, seed: 1, email_prefix: 'p' }
    const result = await driver.load(specFor(url, 20, 1, { requests: custom }))
    expect(result).toMatchObject({ errors: 0, refused: 0 })
    expect(paths).toContain(`/${'0'.padStart(40, '0')}`)
  })

  test('what k6 says of a load that it refuses is told', async () => {
    await expect(driver.load(specFor('http://127.0.0.1:1', 0.001, 1))).rejects.toThrow(/k6 ended with \d+: .*rate/)
  })

  test('random moments are refused: k6 has none', async () => {
    const spec = specFor('http://127.0.0.1:1', 1, 1, { arrivals: { model: 'poisson', rate: 1, seed: 1 } })
    await expect(driver.load(spec)).rejects.toThrow('k6 has no arrivals at random moments')
  })
})

describe('findK6', () => {
  const program = (name: string, script: string) => {
    const file = join(target.directory, name)
    writeFileSync(file, `#!/bin/sh\n${script}\n`)
    chmodSync(file, 0o755)
    return file
  }

  test('one of another version is refused, with its version and the way out', async () => {
    const file = program('old-k6', 'echo "k6 v0.52.0 (go1.22)"')
    await expect(findK6({ K6_BIN: file })).rejects.toThrow(
      /is "k6 v0\.52\.0 \(go1\.22\)"; k6 2 is needed: npm run setup:k6/,
    )
  })

  test('one that is not there, or fails, is named', async () => {
    await expect(findK6({ K6_BIN: '/nowhere/k6' })).rejects.toThrow(/K6_BIN=\/nowhere\/k6 cannot be run: .*ENOENT/)
    await expect(findK6({ K6_BIN: program('bad-k6', 'exit 3') })).rejects.toThrow('cannot be run')
  })

  test('takes the one that is named', async () => {
    const file = program('new-k6', 'echo "k6 v2.9.1 (go1.30)"')
    expect(await findK6({ K6_BIN: file })).toEqual({ command: file, args: [], version: 'v2.9.1' })
  })
})
