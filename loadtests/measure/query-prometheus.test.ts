import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Sample } from '../run-file.ts'
import { addPrometheus } from './query-prometheus.ts'

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Only the second of a sample matters here. */
const samplesAt = (...seconds: number[]) => seconds.map((t) => ({ t }) as Sample)

const BEGAN_AT = 1_700_000_000

/** As Prometheus does: a value each second, here how long ago the load began, and no more than 11,000 of them. */
const answerRange: RequestListener = (request, response) => {
  const query = new URL(request.url ?? '', 'http://x').searchParams
  const [start, end] = [Number(query.get('start')), Number(query.get('end'))]
  if (end - start > 11_000) return void response.writeHead(400).end('exceeded maximum resolution of 11,000 points')
  const values = Array.from({ length: Math.floor(end - start) + 1 }, (_, second) => [
    start + second,
    String(start + second - BEGAN_AT),
  ])
  response.end(JSON.stringify({ status: 'success', data: { result: [{ metric: {}, values }] } }))
}

async function ask(url: string, samples: readonly Sample[]) {
  const faults: string[] = []
  const asked = { url, queries: { age: 'age' } }
  const told = await addPrometheus(samples, 1_000 * BEGAN_AT, asked, (fault) => faults.push(fault))
  return { faults, values: told.map(({ extra }) => extra?.['age']) }
}

test('a load of hours is asked for in parts, each second once', async () => {
  const url = await serve(answerRange)
  const seconds = [0, 9_999, 10_000, 10_001, 20_000, 30_000]
  expect(await ask(url, samplesAt(...seconds))).toEqual({ faults: [], values: seconds })
})

test('a name and password in the address go as a header', async () => {
  const seen: (string | undefined)[] = []
  const url = await serve((request, response) => {
    seen.push(request.headers.authorization)
    answerRange(request, response)
  })
  const withPassword = url.replace('//', '//ada:a%20secret@')
  expect(await ask(withPassword, samplesAt(1))).toEqual({ faults: [], values: [1] })
  expect(seen).toEqual([`Basic ${Buffer.from('ada:a secret').toString('base64')}`])
})

test('one that is away is a gap, and says why without its password', async () => {
  const { faults, values } = await ask('http://ada:secret@127.0.0.1:9', samplesAt(1, 2))
  expect(values).toEqual([null, null])
  expect(faults).toEqual([expect.stringMatching(/^Prometheus, "age": http:\/\/127\.0\.0\.1:9 does not answer: .+/)])
  expect(faults[0]).not.toContain('fetch failed')
  expect(faults[0]).not.toContain('secret')
})
