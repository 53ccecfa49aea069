import { createRandom } from '../analysis/random.ts'
import type { CheckedLoadSpec } from './driver.ts'

export interface RedeemRequest {
  email: string
  code: string
  /** The whole HTTP/1.1 request, ASCII. */
  text: string
}

/** Returns what gives the next request. The text is put together by hand: a request costs about a microsecond. */
export function createRedeemRequests(spec: CheckedLoadSpec): () => RedeemRequest {
  const { codes, email_prefix: prefix, seed } = spec.requests
  const random = createRandom(seed)
  const head =
    `POST ${spec.path} HTTP/1.1\r\nHost: ${new URL(spec.url).host}\r\nConnection: keep-alive\r\n` +
    'Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: '
  let number = 0
  return () => {
    const email = `${prefix}-${++number}@load.test`
    const code = (codes.length > 1 ? codes[Math.floor(random() * codes.length)] : codes[0]) as string
    const body = `{"email":"${email}","code":"${code}"}`
    return { email, code, text: `${head}${body.length}\r\n\r\n${body}` }
  }
}
