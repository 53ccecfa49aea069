import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { decodeFromCompressedBase64 } from 'hdr-histogram-js'
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest'
import { collectAnswers as collect, createLoadTarget } from '../testing/load-target.ts'
import { createAutocannonDriver } from './autocannon.ts'
import { asBurst } from './driver.ts'

const driver = createAutocannonDriver()
const target = createLoadTarget()
const { serve, specFor } = target

afterEach(() => target.closeServer())
afterAll(() => target.remove())

async function readBody(request: IncomingMessage): Promise<{ email: string; code: string }> {
  let body = ''
  for await (const chunk of request) body += chunk
  return JSON.parse(body)
}

test('sends exactly the amount, each request for another person, and keeps every acceptance', async () => {
  const seen: { email: string; code: string }[] = []
  const url = await serve(async (request, response) => {
    const redemption = await readBody(request)
    expect(request.headers['content-type']).toBe('application/json')
    seen.push(redemption)
    response.writeHead(202).end(JSON.stringify({ redemption_id: `id-${redemption.email}`, status: 'reserved' }))
  })
  const codes = ['A-1', 'B-2', 'C-3']
  const requests = { kind: 'redeem-shared' as const, codes, email_prefix: 'run.1', seed: 7 }
  const result = await driver.load(specFor(url, { people: 103, connections: 10, requests }))
  expect(result).toMatchObject({ accepted: 103, refused: 0, errors: 0, by_status: { 202: 103 } })
  expect(decodeFromCompressedBase64(result.histogram).totalCount).toBe(103)
  expect(new Set(seen.map(({ email }) => email)).size).toBe(103)
  const bodies = seen.reduce((sum, redemption) => sum + JSON.stringify(redemption).length, 0)
  expect(result.wire_bytes?.sent).toBeGreaterThan(bodies + 103 * 'POST / HTTP/1.1\r\n\r\n'.length)
  expect(result.wire_bytes?.received).toBeGreaterThan(103 * '{"redemption_id":"","status":"reserved"}'.length)
  expect(new Set(seen.map(({ code }) => code))).toEqual(new Set(codes))
  const answers = await collect(result.answers_file)
  expect(answers).toHaveLength(103)
  for (const answer of answers) {
    expect(answer).toMatchObject({ outcome: 'accepted', redemption_id: `id-${answer.email}`, status: '202' })
    expect(answer.received_at_ms).toBeGreaterThanOrEqual(result.started_at_ms)
  }
})

test('tells clear refusals from outcomes that nobody knows', async () => {
  const statuses = [202, 409, 503]
  let number = 0
  const url = await serve((request, response) => {
    request.resume()
    response.writeHead(statuses[number++ % 3] ?? 500).end('{}')
  })
  const result = await driver.load(specFor(url, { people: 30 }))
  expect(result).toMatchObject({ accepted: 10, refused: 10, errors: 10, by_status: { 202: 10, 409: 10, 503: 10 } })
  expect(decodeFromCompressedBase64(result.histogram).totalCount).toBe(20)
  const outcomes = (await collect(result.answers_file)).map((answer) => `${answer.outcome} ${answer.status}`)
  expect(new Set(outcomes)).toEqual(new Set(['accepted 202', 'rejected 409', 'indeterminate 503']))
})

test('latencies are never shorter than what the server took', async () => {
  const url = await serve((request, response) => {
    request.resume()
    setTimeout(() => response.writeHead(202).end('{}'), 30)
  })
  const result = await driver.load(specFor(url, { people: 20 }))
  // A timer of Node may come up to 1 ms early.
  expect(decodeFromCompressedBase64(result.histogram).minNonZeroValue).toBeGreaterThanOrEqual(29_000)
})

test('an answer under way at the end of the time is awaited, not cut', async () => {
  const url = await serve((request, response) => {
    request.resume()
    setTimeout(() => response.writeHead(202).end('{}'), 900)
  })
  const result = await driver.load(specFor(url, { duration_seconds: 0.5 }))
  expect(result).toMatchObject({ accepted: 5, errors: 0 })
  expect(result.seconds).toBeGreaterThanOrEqual(0.49)
  expect(result.steady).toMatchObject({ accepted: 0 })
})

test('a request that is never answered counts as a time-out', async () => {
  const url = await serve((request) => request.resume())
  const result = await driver.load(specFor(url, { people: 4, connections: 4, timeout_seconds: 1 }))
  expect(result).toMatchObject({ accepted: 0, errors: 4, by_status: { timeout: 4 } })
  expect((await collect(result.answers_file)).map((answer) => answer.outcome)).toEqual(Array(4).fill('indeterminate'))
})

test('connections that the server cuts are errors, and the others go on', async () => {
  let number = 0
  const url = await serve((request, response) => {
    request.resume()
    if (++number % 10 === 0) request.socket.destroy()
    else response.writeHead(202).end('{}')
  })
  const result = await driver.load(specFor(url, { people: 100 }))
  expect(result).toMatchObject({ accepted: 90, errors: 10, by_status: { 202: 90, connection_error: 10 } })
})

const NOT_MODIFIED = 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'
const OK = 'HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}'
const CLOSING = OK.replace('\r\n', '\r\nConnection: close\r\n')

/** A server that answers each request by hand. */
async function serveBytes(answer: (socket: Socket, number: number) => void): Promise<string> {
  let number = 0
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', () => answer(socket, ++number))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each<[string, (socket: Socket, number: number) => void, status: number]>([
  ['wants no more after each answer', (socket) => socket.end(CLOSING), 202],
  ['says so, and leaves it to us', (socket) => socket.write(CLOSING), 202],
  ['resets the connection after it', (socket) => socket.write(CLOSING, () => socket.resetAndDestroy()), 202],
  ['ends its answer with the connection', (socket) => socket.end('HTTP/1.1 202 Accepted\r\n\r\n{}'), 202],
  ['sends early hints first', (socket) => socket.write(`HTTP/1.1 103 Early Hints\r\n\r\n${OK}`), 202],
  ['tells the length of what it does not send', (socket) => socket.write(NOT_MODIFIED), 304],
])('a server that %s makes no errors', async (_, answer, status) => {
  const url = await serveBytes(answer)
  const result = await driver.load(specFor(url, { people: 50 }))
  expect(result).toMatchObject({ errors: 0, by_status: { [status]: 50 } })
})

test.each<[string, string]>([
  ['within an answer', OK.slice(0, -1)],
  ['within a chunk', 'HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{'],
])('a connection that is cut %s loses that one alone', async (_, part) => {
  const url = await serveBytes((socket, number) => (number % 10 === 0 ? socket.end(part) : socket.write(OK)))
  const result = await driver.load(specFor(url, { people: 100 }))
  expect(result).toMatchObject({ accepted: 90, errors: 10, by_status: { 202: 90, connection_error: 10 } })
})

test('a server that ends each connection at once makes errors, not a hot loop', async () => {
  const url = await serveBytes((socket) => socket.end())
  const result = await driver.load(specFor(url, { duration_seconds: 0.5 }))
  expect(result.accepted).toBe(0)
  expect(result.errors).toBeGreaterThan(0)
  expect(result.errors).toBeLessThan(100)
})

test.each([
  ['two answers to one request break the connection: the second is not that of the next request', OK + OK, 10, 10],
  ['what comes after the last answer of a connection is not read', CLOSING + OK, 20, 0],
])('%s', async (_, answers, accepted, errors) => {
  const url = await serveBytes((socket) => socket.write(answers))
  expect(await driver.load(specFor(url, { people: 20 }))).toMatchObject({ accepted, errors })
})

test('what is no HTTP is an error, not a time-out', async () => {
  const url = await serveBytes((socket) => socket.write('220 mail.test ESMTP\r\n'))
  const result = await driver.load(specFor(url, { people: 5 }))
  expect(result).toMatchObject({ errors: 5, by_status: { connection_error: 5 } })
})

test('a server that is gone makes errors, not a hot loop', async () => {
  const url = await serve((_request, response) => response.end())
  target.closeServer()
  const result = await driver.load(specFor(url, { duration_seconds: 0.5 }))
  expect(result.accepted).toBe(0)
  expect(result.errors).toBeGreaterThan(0)
  // Five connections that wait 100 ms after each failure; a hot loop would make thousands.
  expect(result.errors).toBeLessThan(100)
})

test('an interrupted load gives what was measured until then', async () => {
  const abort = new AbortController()
  let number = 0
  const url = await serve((request, response) => {
    request.resume()
    if (++number === 50) abort.abort()
    response.writeHead(202).end('{}')
  })
  const result = await driver.load(specFor(url, { duration_seconds: 60 }), { signal: abort.signal })
  expect(result.accepted).toBeGreaterThanOrEqual(50)
  expect(result.errors).toBe(0)
})

test('a burst has all its requests under way at once', async () => {
  let open = 0
  const waiting: (() => void)[] = []
  const url = await serve((request, response) => {
    request.resume()
    waiting.push(() => response.writeHead(202).end('{}'))
    // Nobody is answered before everybody has asked.
    if (++open === 200) for (const answer of waiting) answer()
  })
  const { connections: _connections, ...spec } = specFor(url)
  const result = await driver.load(asBurst(spec))
  expect(result).toMatchObject({ accepted: 200, errors: 0 })
})

test('progress adds up to the whole', async () => {
  const url = await serve((request, response) => {
    request.resume()
    setTimeout(() => response.writeHead(202).end('{}'), 20)
  })
  let accepted = 0
  const onProgress = (progress: { accepted: number }) => {
    accepted += progress.accepted
  }
  const result = await driver.load(specFor(url, { duration_seconds: 1.3 }), { onProgress })
  expect(accepted).toBe(result.accepted)
})

const polls = { kind: 'poll-status' as const, code: 'HOT', polls: 4, think_ms: 40, email_prefix: 'poll' }

test('each person of a script does all of it: steps are told apart, only redemptions are written down', async () => {
  const url = await serve((request, response) => {
    request.resume()
    response.writeHead(request.method === 'POST' ? 202 : 200).end(JSON.stringify({ redemption_id: 'r-1' }))
  })
  const result = await driver.load(specFor(url, { people: 10, requests: polls }))
  expect(result).toMatchObject({ accepted: 10, served: 40, refused: 0, errors: 0, by_status: { 202: 10, 200: 40 } })
  expect(result.steps).toMatchObject({ redeem: { answers: 10 }, status: { answers: 40 } })
  expect(await collect(result.answers_file)).toHaveLength(10)
  // Two people on each of five connections, and a timer of Node may come up to 1 ms early.
  expect(result.seconds).toBeGreaterThanOrEqual((2 * 4 * 39) / 1000)
})

test('at the end of the time nobody sends what was still thought about', async () => {
  let asked = 0
  const url = await serve((request, response) => {
    request.resume()
    asked++
    response.writeHead(request.method === 'POST' ? 202 : 200).end(JSON.stringify({ redemption_id: 'r-1' }))
  })
  const result = await driver.load(specFor(url, { duration_seconds: 1, requests: { ...polls, think_ms: 2_500 } }))
  expect(result).toMatchObject({ accepted: 5, served: 0, errors: 0 })
  expect(asked).toBe(5)
})

test('a connection that breaks while somebody thinks costs no request', async () => {
  const url = await serve((request, response) => {
    request.resume()
    if (request.method === 'GET') return response.end('{}')
    response.writeHead(202).end(JSON.stringify({ redemption_id: 'r-1' }))
    setTimeout(() => request.socket.destroy(), 5)
  })
  const result = await driver.load(specFor(url, { people: 5, requests: { ...polls, polls: 1, think_ms: 1_500 } }))
  expect(result).toMatchObject({ accepted: 5, served: 5, errors: 0 })
})

test('a connection that is reset while somebody thinks costs no request either, also when they are done before the next one', async () => {
  const url = await serve((request, response) => {
    request.resume()
    if (request.method === 'GET') return response.end('{}')
    response.writeHead(202).end(JSON.stringify({ redemption_id: 'r-1' }))
    setTimeout(() => request.socket.resetAndDestroy(), 5)
  })
  // It connects again after 100 ms.
  const result = await driver.load(specFor(url, { people: 5, requests: { ...polls, polls: 1, think_ms: 95 } }))
  expect(result).toMatchObject({ accepted: 5, served: 5, errors: 0 })
})

test('a script is told that no answer came, and goes on with the next person', async () => {
  const url = await serve((request) => request.socket.destroy())
  const result = await driver.load(specFor(url, { people: 6, requests: polls }))
  expect(result).toMatchObject({ accepted: 0, served: 0, errors: 6, by_status: { connection_error: 6 } })
})

test('a load that cannot be is refused', async () => {
  await expect(driver.load(specFor('http://127.0.0.1:1'))).rejects.toThrow('duration_seconds or after so many people')
})

test('a closed loop has no arrivals', async () => {
  const spec = specFor('http://127.0.0.1:1', { people: 1, arrivals: { model: 'constant', rate: 1 } })
  await expect(driver.load(spec)).rejects.toThrow('a closed loop has none')
})
