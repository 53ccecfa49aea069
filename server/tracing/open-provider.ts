import { IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node'
import { VERSION } from '../version.ts'
import type { TracingConfig } from './config.ts'

/** A collector that is away costs nothing but the spans. */
const EXPORT_TIMEOUT_MS = 2_000
const EXPORT_DELAY_MS = 500

export function openProvider(config: TracingConfig, url: string, serviceName: string): NodeTracerProvider {
  const exporter = new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS })
  const own = { 'service.name': serviceName, 'service.version': VERSION }
  const provider = new NodeTracerProvider({
    resource: defaultResource().merge(resourceFromAttributes(own)),
    sampler: samplerOf(config),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: EXPORT_DELAY_MS })],
  })
  provider.register()
  registerInstrumentations({ tracerProvider: provider, instrumentations: createInstrumentations() })
  loadForPatching()
  return provider
}

function samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: share }: TracingConfig): Sampler {
  const roots = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(share),
  }
  const root = roots[name.replace('parentbased_', '') as keyof typeof roots]()
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}

/** Whom a request came from, and what the arguments of commands hold, is nobody's business here. */
const HIDDEN = {
  'client.address': '***',
  'http.client_ip': '***',
  'net.peer.ip': '***',
  'network.peer.address': '***',
}

/** A query may hold what belongs to one person, such as a session of a waiting room. */
const pathOf = (url: string) => url.split('?')[0] ?? ''
const ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

function createInstrumentations() {
  return [
    new HttpInstrumentation({
      disableOutgoingRequestInstrumentation: true,
      ignoreIncomingRequestHook: ({ url = '' }) => !url.startsWith('/api/'),
      startIncomingSpanHook: ({ url = '' }) => ({ ...HIDDEN, 'http.target': pathOf(url), 'http.url': pathOf(url) }),
      requestHook: (span, request) => {
        if (!(request instanceof IncomingMessage)) return
        const route = pathOf(request.url ?? '').replaceAll(ID, ':id')
        span.updateName(`${request.method} ${route}`).setAttribute('http.route', route)
      },
    }),
    new IORedisInstrumentation({ requireParentSpan: true, dbStatementSerializer: (command) => command }),
    new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
  ]
}

/**
 * The instrumentations patch what goes through `require`, and they patch prototypes: a package that was imported already
 * is the same object, so one `require` of each is enough, and no loader hook is needed.
 */
function loadForPatching(): void {
  const require = createRequire(import.meta.url)
  for (const name of ['http', 'ioredis', 'pg']) require(name)
}
