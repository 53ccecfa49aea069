import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../loadtests/sut/find-program.ts'
import { findPrometheus, startPrometheus } from '../loadtests/sut/prometheus.ts'
import { createRunDirectory } from '../loadtests/sut/run-directory.ts'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { forkProcess } from '../worker/testing/fork-process.ts'
import { startOtlpReceiver } from '../worker/testing/otlp-receiver.ts'
import { createTestSystem, post } from '../worker/testing/test-system.ts'

/** As Prometheus 3 asks. */
const ACCEPT =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
const SAMPLED = '4bf92f3577b34da6a3ce929d0e0e4736'
const NOT_SAMPLED = '0af7651916cd43dd8448eb211c80319c'

let stores: TestStores
beforeAll(async () => {
  stores = await createTestStores()
})
afterAll(() => stores?.close())

/** A server after one redemption of a trace that is kept, and one of a trace that is not. */
async function startServer(environment: Record<string, string>) {
  const system = createTestSystem(stores, { LIMITER_MODE: 'none' })
  const { ready } = await forkProcess('server', system.environment(environment))
  for (const [traceId, flags] of [
    [SAMPLED, '01'],
    [NOT_SAMPLED, '00'],
  ]) {
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` }
    const body = { email: 'ada@example.test', code: await stores.createCode() }
    expect((await post(ready.url ?? '', 'direct-redeem', body, headers)).status).toBe(202)
  }
  const opsUrl = ready.processes[0]?.ops_url ?? ''
  const scrape = async (accept: string) => {
    const response = await fetch(`${opsUrl}/metrics`, { headers: { Accept: accept } })
    return { type: response.headers.get('content-type'), text: await response.text() }
  }
  return { address: new URL(opsUrl).host, scrape }
}

describe('with tracing on', () => {
  let collector: Awaited<ReturnType<typeof startOtlpReceiver>>
  async function startTraced() {
    collector = await startOtlpReceiver()
    return startServer({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  }

  test('a bucket shows a trace that is kept; the text format is clean to promtool', async (context) => {
    const { scrape } = await startTraced()
    const open = await scrape(ACCEPT)
    expect(open.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(open.text).toMatch(/\n# EOF\n$/)
    const traced = open.text.split('\n').filter((line) => line.includes(' # {'))
    expect(traced.length).toBeGreaterThan(0)
    for (const line of traced)
      expect(line).toMatch(
        new RegExp(`^redeem_request_duration_seconds_bucket{.*} [12] # {trace_id="${SAMPLED}"} [\\d.]+ [\\d.]+$`),
      )
    const plain = await scrape('text/plain')
    expect(plain.type).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(plain.text).not.toContain(SAMPLED)
    const promtool = findProgram(['promtool'])
    if (promtool === null) return context.skip('there is no promtool: install prometheus')
    const checked = spawnSync(promtool, ['check', 'metrics'], { input: plain.text, encoding: 'utf8' })
    expect(`${checked.stdout}${checked.stderr}`).toBe('')
    expect(checked.status).toBe(0)
  })

  test('Prometheus scrapes and keeps it', async (context) => {
    if (findPrometheus() === null) return context.skip('there is no prometheus: install it (Debian: prometheus)')
    const { address } = await startTraced()
    const directory = createRunDirectory(`exemplars-${randomBytes(6).toString('hex')}`)
    onTestFinished(() => directory.remove())
    const prometheus = await startPrometheus({ directory, intervalSeconds: 1 })
    onTestFinished(() => prometheus.stop())
    await prometheus.scrape([{ targets: [address], labels: { job: 'server' } }])
    const metric = 'redeem_request_duration_seconds_bucket'
    await expect.poll(() => readExemplars(prometheus.url, metric)).toEqual([SAMPLED])
  })
})

test('with tracing off there is none', async () => {
  const { scrape } = await startServer({})
  const { text } = await scrape(ACCEPT)
  expect(text).toContain('redeem_request_duration_seconds_count{endpoint="direct-redeem",mode="none"} 2\n')
  expect(text).not.toContain(' # {')
})

/** @returns the ids of the traces that stand for buckets of a metric, each once */
async function readExemplars(url: string, query: string): Promise<string[]> {
  const now = Date.now() / 1_000
  const parameters = new URLSearchParams({ query, start: String(now - 3_600), end: String(now + 60) })
  const response = await fetch(`${url}/api/v1/query_exemplars?${parameters}`)
  const { data } = (await response.json()) as { data: { exemplars: { labels: { trace_id: string } }[] }[] }
  return [...new Set(data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id)))]
}
