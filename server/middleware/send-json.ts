import type { Response } from 'express'

/** Answers with JSON at a fraction of the cost of `response.json`, which looks for entity tags, replacers and charsets. */
export function sendJson(response: Response, status: number, body: unknown, type = 'application/json'): void {
  const text = JSON.stringify(body)
  response
    .writeHead(status, { 'Content-Type': `${type}; charset=utf-8`, 'Content-Length': Buffer.byteLength(text) })
    .end(text)
}
