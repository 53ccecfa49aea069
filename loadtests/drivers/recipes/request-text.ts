import type { OutgoingRequest } from './recipe.ts'

/** @returns what puts a request for this server into HTTP/1.1 text by hand, in about a microsecond */
export function formatFor(url: string): (request: OutgoingRequest) => string {
  const head = ` HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: keep-alive\r\nAccept: application/json\r\n`
  return ({ method, path, headers, body }) => {
    let more = ''
    for (const name in headers) more += `${name}: ${headers[name]}\r\n`
    if (body === undefined) return `${method} ${path}${head}${more}\r\n`
    return `${method} ${path}${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`
  }
}
