/** Requests are put together by hand, with the head of each path made once: one costs about a microsecond. */

/** @returns what puts a JSON body (ASCII) and further header lines, each with its CRLF, into a POST of this path */
export function postTo(url: string, path: string): (body: string, headers?: string) => string {
  const head = `POST ${path} ${headersFor(url)}Content-Type: application/json\r\nContent-Length: `
  return (body, headers = '') => `${head}${body.length}\r\n${headers}\r\n${body}`
}

/** @returns what puts the rest of a path and further header lines into a GET of the path that begins so */
export function getFrom(url: string, path: string): (rest: string, headers?: string) => string {
  const head = headersFor(url)
  return (rest, headers = '') => `GET ${path}${rest} ${head}${headers}\r\n`
}

function headersFor(url: string): string {
  return `HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: keep-alive\r\nAccept: application/json\r\n`
}
