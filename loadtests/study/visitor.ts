import { randomBytes } from 'node:crypto'
import { Client } from 'undici'

export interface Visit {
  readonly accepted: number
  readonly errors: number
  /** From the first request to the last answer. */
  readonly seconds: number
  readonly latenciesMs: number[]
}

export interface Visitor {
  /** So many people redeem, each after the answer to the one before. */
  visit(people: number, signal: AbortSignal): Promise<Visit>
  close(): Promise<void>
}

const PATH = '/api/v1/public/direct-redeem'
const HEADERS = { 'content-type': 'application/json' }
const ACCEPTED = 202

/** One connection with one request under way: its latency is the request's own time, and nothing else waits. */
export function createVisitor(url: string, code: string): Visitor {
  const client = new Client(url)
  const prefix = randomBytes(4).toString('hex')
  let person = 0
  const redeem = async () => {
    const body = JSON.stringify({ email: `${prefix}-${++person}@load.test`, code })
    const { statusCode, body: answer } = await client.request({ method: 'POST', path: PATH, headers: HEADERS, body })
    await answer.dump()
    return statusCode === ACCEPTED
  }
  return {
    async visit(people, signal) {
      const startedAt = performance.now()
      const latenciesMs: number[] = []
      let accepted = 0
      let sentAt = startedAt
      for (let index = 0; index < people; index++) {
        signal.throwIfAborted()
        if (await redeem()) accepted++
        const answeredAt = performance.now()
        latenciesMs.push(answeredAt - sentAt)
        sentAt = answeredAt
      }
      return { accepted, errors: people - accepted, seconds: (sentAt - startedAt) / 1000, latenciesMs }
    },
    close: () => client.close(),
  }
}
