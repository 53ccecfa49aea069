import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createTestStores, type TestStores } from '../server/testing/test-stores.ts'
import { forkProcess } from './testing/fork-process.ts'
import { type ReceivedSpan, startOtlpReceiver } from './testing/otlp-receiver.ts'
import { type SmtpSink, startSmtpSink } from './testing/smtp-sink.ts'
import { createTestSystem, post } from './testing/test-system.ts'

let stores: TestStores
let sink: SmtpSink
beforeAll(async () => {
  ;[stores, sink] = await Promise.all([createTestStores(), startSmtpSink()])
})
afterAll(async () => {
  await sink?.close()
  await stores?.close()
})

const PERSON = 'ada.traced@example.test'

async function startProcesses(tracing: Record<string, string>, mode = 'token-bucket') {
  const system = createTestSystem(stores, { SMTP_URL: sink.url, LIMITER_MODE: mode })
  const environment = system.environment({ ...tracing, LOG_LEVEL: 'debug' })
  const [server, ...others] = await Promise.all([
    forkProcess('server', environment),
    forkProcess('scheduler', environment),
    forkProcess('worker', environment),
  ])
  const processes = [server, ...others]
  return { url: server.ready.url ?? '', processes, close: () => Promise.all(processes.map((one) => one.close())) }
}

async function redeemAndWait(url: string, headers: Record<string, string> = {}): Promise<string> {
  const code = await stores.createCode()
  const before = sink.mails.length
  const answer = await post(url, 'direct-redeem', { email: PERSON, code }, headers)
  expect(answer.status).toBe(202)
  await expect.poll(() => sink.mails.length).toBe(before + 1)
  return String(answer.body['redemption_id'])
}

describe('tracing', () => {
  // The others take the use as `none` does.
  test.each(['none', 'token-bucket'])('%s: one redemption is one trace, from the request to the mail', async (mode) => {
    const { url: collector, spans } = await startOtlpReceiver()
    const system = await startProcesses({ OTEL_EXPORTER_OTLP_ENDPOINT: collector }, mode)
    const id = await redeemAndWait(system.url, { 'X-Forwarded-For': '203.0.113.7' })
    await system.close()

    const root = spans.find((span) => span.parentSpanId === '' && span.name === 'POST /api/v1/public/direct-redeem')
    const ofTrace = spans.filter((span) => span.traceId === root?.traceId)
    const named = (name: string, service: string) =>
      ofTrace.filter((span) => span.name === name && span.service === service).length
    expect(named('limiter.reserve', 'redline-server')).toBe(1)
    expect(named('ledger.commit', 'redline-scheduler')).toBe(mode === 'token-bucket' ? 1 : 0)
    expect(named('queue.add', 'redline-scheduler')).toBe(1)
    expect(named('invite.job', 'redline-worker')).toBe(1)
    expect(named('mail.send', 'redline-worker')).toBe(1)
    const stores = new Set(ofTrace.map(({ service, attributes }) => `${service} ${attributes['db.system']}`))
    expect([...stores]).toEqual(
      expect.arrayContaining([
        mode === 'token-bucket' ? 'redline-server redis' : 'redline-server postgresql',
        'redline-scheduler redis',
        'redline-worker postgresql',
      ]),
    )
    expectOneTree(ofTrace)
    expect(ofTrace.find(({ name }) => name === 'mail.send')?.attributes['redemption.id']).toBe(id)
    // Nobody's address, and not where they came from.
    expect(JSON.stringify(spans)).not.toMatch(/ada\.traced|203\.0\.113\.7/)
  })

  test.each([
    ['off, which is the default', {}],
    ['on, but not sampled', { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }],
  ])('%s: no span in any process, and nothing in the outbox', async (_name, sampler) => {
    const { url: collector, spans } = await startOtlpReceiver()
    const isOn = 'OTEL_TRACES_SAMPLER' in sampler
    const system = await startProcesses({ ...(isOn && { OTEL_EXPORTER_OTLP_ENDPOINT: collector }), ...sampler })
    const id = await redeemAndWait(system.url)
    await system.close()
    expect(spans).toEqual([])
    expect(await stores.sql('SELECT traceparent FROM outbox WHERE redemption_id = $1', [id])).toEqual([
      { traceparent: null },
    ])
  })

  test('a trace that began in front of the server goes on, and its id stands in the log', async () => {
    const { url: collector, spans } = await startOtlpReceiver()
    const system = await startProcesses({ OTEL_EXPORTER_OTLP_ENDPOINT: collector })
    sink.behave({ refuseRecipient: () => 451 })
    onTestFinished(() => sink.behave({}))
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const code = await stores.createCode()
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
    await post(system.url, 'direct-redeem', { email: PERSON, code }, headers)
    const logged = () =>
      system.processes
        .flatMap((one) => one.written().split('\n'))
        .filter((line) => line.includes('invite not sent'))
        .map((line) => (JSON.parse(line) as { trace_id?: string }).trace_id)
    await expect.poll(logged).toContain(traceId)
    await system.close()
    expect(spans.filter((span) => span.traceId === traceId).map(({ name }) => name)).toContain('mail.send')
  })

  test('a collector that is away harms nothing', async () => {
    const system = await startProcesses({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    await redeemAndWait(system.url)
  })
})

/** Every span but one has its parent among them. */
function expectOneTree(spans: readonly ReceivedSpan[]): void {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const roots = spans.filter(({ parentSpanId }) => !ids.has(parentSpanId))
  expect(roots.map(({ name, service }) => `${service} ${name}`)).toHaveLength(1)
}
