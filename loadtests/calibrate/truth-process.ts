import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRandom } from '../analysis/random.ts'
import { sendReady, tieToHarness } from '../sut/lifeline.ts'
import type { Pattern } from './patterns.ts'
import { WRITTEN_PATH, type Written } from './truth.ts'

/**
 * A server that behaves as its pattern says and writes down what really happened to each request. Its clock is
 * process.hrtime(), which all processes of a machine share.
 */
const BODY = '{"redemption_id":"truth"}'
const HEADERS = { 'Content-Type': 'application/json', 'Content-Length': BODY.length }
const pattern = JSON.parse(process.argv[2] ?? '{}') as Pattern
const random = createRandom(Number(process.argv[3] ?? 1))
const beganAt = now()
const written: Written[] = []
let waiting: (() => void)[] = []

const server = createServer((request, response) => {
  if (request.url === WRITTEN_PATH) return response.end(JSON.stringify(written.splice(0)))
  const arrivedAt = now()
  const serviceMs = drawService()
  let body = ''
  request.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  request.on('end', () => begin(request, response, { person: personIn(body), arrivedAt, serviceMs }))
})

interface Visit {
  readonly person: number
  readonly arrivedAt: number
  readonly serviceMs: number
}

/** A stall holds up whoever comes during it, and takes nothing from them otherwise. */
function begin(request: IncomingMessage, response: ServerResponse, visit: Visit): void {
  const answer = () => {
    if (request.socket.destroyed) return
    response.cork()
    response.writeHead(202, HEADERS).write(BODY)
    const writeBeganAt = now()
    response.end()
    written.push([visit.person, visit.arrivedAt, writeBeganAt, now(), visit.serviceMs])
  }
  const serve = () => (visit.serviceMs === 0 ? answer() : setTimeout(answer, visit.serviceMs))
  const stallMs = stallLeft()
  if (stallMs === 0) return void serve()
  if (waiting.push(serve) === 1) setTimeout(endStall, stallMs)
}

function endStall(): void {
  const all = waiting
  waiting = []
  for (const serve of all) serve()
}

/** Stalls begin after the first quiet time, so that a load never begins in one. */
function stallLeft(): number {
  if (pattern.stall === null) return 0
  const { forMs, everyMs } = pattern.stall
  const inPeriod = (now() - beganAt) % everyMs
  return Math.max(0, inPeriod - (everyMs - forMs)) === 0 ? 0 : everyMs - inPeriod
}

function drawService(): number {
  const { baseMs, slow, sigma } = pattern
  if (slow !== null && random() < slow.share) return slow.ms
  if (sigma === 0) return baseMs
  // Box and Muller, Annals of Mathematical Statistics 29 (1958).
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return baseMs * Math.exp(sigma * normal)
}

function personIn(body: string): number {
  return Number(/-(\d+)@/.exec(body)?.[1] ?? 0)
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

tieToHarness(() => {
  server.closeAllConnections()
  server.close()
})
server.listen(0, '127.0.0.1', () => {
  sendReady({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
