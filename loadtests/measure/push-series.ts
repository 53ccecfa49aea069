import { pushTimeseries } from 'prometheus-remote-write'
import { UnreachableError } from '../errors.ts'
import { splitCredentials } from './basic-auth.ts'

/** A moment of a series. */
export interface PushedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const PATH = '/api/v1/write'
const TIMEOUT_MS = 5_000

/** Where a Prometheus takes what is pushed; a URL with a path is taken as it is. */
export function writeUrlOf(url: string): string {
  const { pathname } = new URL(url)
  return pathname === '/' ? new URL(PATH, url).href : url
}

/** Sends samples of one moment (ms since the epoch) by remote write. @throws UnreachableError saying what to do */
export async function pushSamples(to: string, samples: readonly PushedSample[], at: number): Promise<void> {
  const { url: address, headers } = splitCredentials(to)
  const url = address.href
  const series = samples.map(({ name, labels, value }) => ({
    labels: sortLabels({ __name__: name, ...labels }),
    samples: [{ value, timestamp: at }],
  }))
  const { status, errorMessage } = await pushTimeseries(series, {
    url,
    headers: { ...headers, 'Content-Encoding': 'snappy', 'X-Prometheus-Remote-Write-Version': '0.1.0' },
    fetch: (writeUrl, init) => post(writeUrl, init?.headers ?? {}, init?.body as unknown as Uint8Array<ArrayBuffer>),
  }).catch((cause: Error) => {
    const why = cause.cause instanceof Error ? cause.cause.message : cause.message
    throw new UnreachableError(`${url} cannot be reached (${why}): start a Prometheus there, or correct --push-to.`, {
      cause,
    })
  })
  if (status === 404)
    throw new UnreachableError(
      `${url} takes no samples: start Prometheus with --web.enable-remote-write-receiver, or give --push-to its whole write URL.`,
    )
  if (status >= 300) throw new UnreachableError(`${url} answered ${status}: ${errorMessage?.trim() ?? ''}`)
}

function post(url: string, headers: Record<string, string>, body: Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) })
}

/** Remote write demands it. */
function sortLabels(labels: Record<string, string> & { __name__: string }): typeof labels {
  const entries = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries) as typeof labels
}
