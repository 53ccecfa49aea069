import { VERSION } from '../version.ts'
import type { TracingConfig } from './config.ts'
import { useTracer } from './tracing.ts'

export interface Tracing {
  /** Sends what is still here, and stops. */
  close(): Promise<void>
}

/** Starts tracing when a collector is named. Otherwise not even its packages are loaded. */
export async function startTracing(config: TracingConfig, kind: string): Promise<Tracing> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: exact } = config
  const endpoint = exact ?? (base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`)
  if (endpoint === undefined || config.OTEL_SDK_DISABLED) return { close: async () => {} }
  const { openProvider } = await import('./open-provider.ts')
  const provider = openProvider(config, endpoint, `redline-${kind}`)
  useTracer(provider.getTracer('redline', VERSION))
  return {
    async close() {
      useTracer(undefined)
      await provider.shutdown()
    },
  }
}
