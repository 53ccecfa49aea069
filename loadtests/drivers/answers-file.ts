import { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { UsageError } from '../errors.ts'

/** Of accepted ones every line is kept, for the invariants; of each other kind so many. */
const OTHERS_KEPT = 50_000
const FLUSH_CHARACTERS = 65_536

export type Outcome = 'accepted' | 'rejected' | 'indeterminate'

/** What a client knows of one request: a line of tab separated fields in this order. */
export interface Answer {
  outcome: Outcome
  /** Empty unless the answer named one. */
  redemption_id: string
  email: string
  code: string
  /** When the answer was there, in milliseconds since the epoch with a fraction. */
  received_at_ms: number
  /** HTTP status, or why there was none. */
  status: string
}

export interface AnswersFile {
  add(answer: Answer): void
  readonly leftOut: number
  close(): Promise<void>
}

/** Writes answers as they come. A full disk shows as an error of `close`. */
export function createAnswersFile(path: string): AnswersFile {
  const stream = createWriteStream(path)
  const closed = finished(stream)
  closed.catch(() => undefined)
  const kept: Record<Outcome, number> = { accepted: 0, rejected: 0, indeterminate: 0 }
  let buffer = ''
  let leftOut = 0
  return {
    add(answer) {
      if (answer.outcome !== 'accepted' && kept[answer.outcome] >= OTHERS_KEPT) {
        leftOut++
        return
      }
      kept[answer.outcome]++
      buffer += formatAnswer(answer)
      if (buffer.length < FLUSH_CHARACTERS) return
      stream.write(buffer)
      buffer = ''
    },
    get leftOut() {
      return leftOut
    },
    async close() {
      stream.end(buffer)
      await closed
    },
  }
}

function formatAnswer(answer: Answer): string {
  const { outcome, redemption_id, email, code, received_at_ms, status } = answer
  return `${outcome}\t${redemption_id}\t${email}\t${code}\t${received_at_ms.toFixed(3)}\t${status}\n`
}

/**
 * Reads the lines one by one, so that a long file never stands in memory as a whole.
 * @throws UsageError that names the file, the line and what was expected
 */
export async function* readAnswers(path: string): AsyncGenerator<Answer> {
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`${path}: the answers cannot be read (${cause.code})`, { cause })
  })
  let number = 0
  for await (const line of file.readLines()) {
    const answer = parseAnswer(line)
    number++
    if (answer === null)
      throw new UsageError(`${path}:${number}: not an answer: "${line.slice(0, 80)}"; expected ${EXPECTED}`)
    yield answer
  }
}

const OUTCOMES: readonly string[] = ['accepted', 'rejected', 'indeterminate'] satisfies Outcome[]
const EXPECTED = `${OUTCOMES.join(' | ')}, redemption id, email, code, milliseconds, status between tabs`

function parseAnswer(line: string): Answer | null {
  const [outcome = '', id = '', email = '', code = '', receivedAt = '', status] = line.split('\t')
  const receivedAtMs = Number(receivedAt)
  if (status === undefined || !OUTCOMES.includes(outcome) || Number.isNaN(receivedAtMs)) return null
  return { outcome: outcome as Outcome, redemption_id: id, email, code, received_at_ms: receivedAtMs, status }
}
