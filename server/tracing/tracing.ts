import { context, ROOT_CONTEXT, type Span, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api'

/**
 * What the code says about its traces. While tracing is off (the default) none of this does anything, and nothing is
 * added to what is stored or sent.
 */
let tracer: Tracer | undefined

/** Called once, by `start-tracing.ts`. */
export function useTracer(started: Tracer | undefined): void {
  tracer = started
}

export const isTracing = () => tracer !== undefined

export type Attributes = Readonly<Record<string, string | number>>

/** Runs work as a part of the trace that it is called in. */
export async function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  if (tracer === undefined) return work()
  return tracer.startActiveSpan(name, { attributes }, (span) => endWith(span, work))
}

async function endWith<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // Its name only: messages of other systems may hold whom they are about.
    span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).name })
    throw error
  } finally {
    span.end()
  }
}

/** Of the span that is active now; undefined when it is not sampled, so that nobody will find it. */
function currentSampledSpan() {
  const active = tracer === undefined ? undefined : trace.getActiveSpan()?.spanContext()
  return active === undefined || (active.traceFlags & TraceFlags.SAMPLED) === 0 ? undefined : active
}

/** To go with a redemption through stream, outbox and job; undefined when not sampled. */
export function currentTraceparent(): string | undefined {
  const active = currentSampledSpan()
  return active && `00-${active.traceId}-${active.spanId}-01`
}

/** For an exemplar; undefined when not sampled. */
export const currentSampledTraceId = () => currentSampledSpan()?.traceId

/** The ids of the span that is active now, for a line of the log. */
export function currentTraceIds(): { trace_id?: string; span_id?: string } {
  const active = tracer === undefined ? undefined : trace.getActiveSpan()?.spanContext()
  return active === undefined ? {} : { trace_id: active.traceId, span_id: active.spanId }
}

/** Goes on with a trace that began in another process. Without a parent there is no span: its request was not sampled. */
export async function inTraceOf<T>(
  traceparent: string | undefined,
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  return inTracesOf([traceparent], name, attributes, work)
}

/**
 * One piece of work for several traces, such as a batch: it runs as a part of the first one's, and each of the others
 * gets a span of the same time.
 */
export async function inTracesOf<T>(
  traceparents: readonly (string | undefined)[],
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  const started = tracer
  const parents = started === undefined ? [] : traceparents.flatMap((text) => parseTraceparent(text) ?? [])
  const spans = parents.map((parent) =>
    started?.startSpan(name, { attributes }, trace.setSpanContext(ROOT_CONTEXT, parent)),
  )
  const [first, ...others] = spans
  if (first === undefined) return work()
  try {
    return await context.with(trace.setSpan(ROOT_CONTEXT, first), () => endWith(first, work))
  } finally {
    for (const span of others) span?.end()
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; undefined when it is none. */
function parseTraceparent(text: string | undefined) {
  const [, traceId, spanId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(text ?? '') ?? []
  if (traceId === undefined || spanId === undefined) return undefined
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true }
}
