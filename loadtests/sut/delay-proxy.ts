import { UsageError } from '../errors.ts'
import type { RunDirectory } from './run-directory.ts'
import { type SupervisedProcess, startSupervised } from './supervisor.ts'

export interface DelayProxy {
  readonly process: SupervisedProcess
  /** The store's URL with the proxy's address in it. */
  readonly url: string
  /** While it is held there is no delay. */
  hold(isHeld: boolean): void
  stop(): Promise<void>
}

export interface DelayProxyOptions {
  name: string
  /** Of the store behind the proxy; its scheme decides the port where the URL names none. */
  storeUrl: string
  /** What a round trip to the store costs more. */
  delayMs: number
  directory: RunDirectory
  signal?: AbortSignal
}

const DEFAULT_PORTS: Record<string, string> = { 'postgres:': '5432', 'postgresql:': '5432', 'redis:': '6379' }

/**
 * Starts a proxy that puts a distance between server and store: on loopback a pool hardly matters, with 2 ms it does.
 * @throws UsageError for a store that speaks TLS, which checks the name of its host, and for several hosts
 */
export async function startDelayProxy(options: DelayProxyOptions): Promise<DelayProxy> {
  const url = new URL(options.storeUrl)
  const defaultPort = DEFAULT_PORTS[url.protocol]
  if (defaultPort === undefined)
    throw new UsageError(
      `no delay can be put before a ${url.protocol}// store: only before postgres:// and redis://, one host each, without TLS.`,
    )
  const child = await startSupervised({
    name: options.name,
    entry: new URL('./delay-proxy-process.ts', import.meta.url),
    args: [hostOf(url), url.port || defaultPort, String(options.delayMs)],
    env: {},
    directory: options.directory,
    ...(options.signal && { signal: options.signal }),
  })
  const proxy = new URL(child.ready.url ?? '')
  url.hostname = proxy.hostname
  url.port = proxy.port
  return { process: child, url: url.href, hold: (isHeld) => child.send({ hold: isHeld }), stop: () => child.stop() }
}

/** Without the brackets that an IPv6 address has in a URL. */
const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, '') || '127.0.0.1'
