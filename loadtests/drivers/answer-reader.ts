import { HTTPParser } from 'http-parser-js'
import type { Answer } from './recipes/recipe.ts'

/** Of http-parser-js: no body comes, whatever length was told. */
export const SKIP_BODY = 1

export interface AnswerReader {
  /** @returns the answer when these bytes complete one, 'broken' for what is no HTTP, null when more is to come */
  read(chunk: Buffer, bytes: number): Answer | 'broken' | null
  /** The connection was closed by the other side. @returns the answer that ends with it */
  end(): Answer | null
  /** Whether the connection can be used again after the last answer. */
  readonly keepsAlive: boolean
}

/** Reads the answers of one HTTP/1.1 connection. What comes without a request, or after an answer, is broken. */
export function createAnswerReader(): AnswerReader {
  const parser = new HTTPParser(HTTPParser.RESPONSE)
  let status = 0
  let keepsAlive = false
  let parts: Buffer[] = []
  let complete: Answer | null = null
  let isTooMuch = false

  parser[HTTPParser.kOnHeadersComplete] = ({ statusCode, shouldKeepAlive }) => {
    status = statusCode
    keepsAlive = shouldKeepAlive
    parts = []
    return statusCode === 304 ? SKIP_BODY : 0
  }
  parser[HTTPParser.kOnBody] = (chunk, start, length) => {
    // Copied, because the next read overwrites the chunk.
    parts.push(Buffer.from(chunk.subarray(start, start + length)))
  }
  parser[HTTPParser.kOnMessageComplete] = () => {
    // 100 Continue and 103 Early Hints come before the answer.
    if (status < 200) return
    if (complete) isTooMuch = true
    complete = { status, body: parts.length === 1 ? String(parts[0]) : Buffer.concat(parts).toString() }
  }
  const take = () => {
    const answer = complete
    complete = null
    return answer
  }
  return {
    read(chunk, bytes) {
      const fault = parser.execute(chunk, 0, bytes)
      return fault instanceof Error || isTooMuch ? 'broken' : take()
    },
    end() {
      parser.finish()
      return take()
    },
    get keepsAlive() {
      return keepsAlive
    },
  }
}
