import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js'
import { readAnswers } from '../drivers/answers-file.ts'
import type { Mail } from '../sut/mail-messages.ts'

const LONGEST_US = 3_600_000_000

/**
 * From the client's 202 to the sink's mail: microseconds, compressed base64. Each process adds its monotonic clock to
 * the wall clock that it read at its start, so a step of the wall clock between the two starts would shift it.
 * @returns null when no mail belongs to an answer
 */
export async function measureEndToEnd(answersFile: string, mails: readonly Mail[]): Promise<string | null> {
  const receivedAt = new Map<string, number>()
  for (const { redemption_id: id, received_at_ms: at } of mails)
    if (id !== null && !receivedAt.has(id)) receivedAt.set(id, at)
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_US,
    numberOfSignificantValueDigits: 3,
  })
  for await (const answer of readAnswers(answersFile)) {
    const mailAt = answer.outcome === 'accepted' ? receivedAt.get(answer.redemption_id) : undefined
    if (mailAt === undefined) continue
    // A repeat is told the same id once more, later.
    receivedAt.delete(answer.redemption_id)
    // The mail can arrive before the client has read its answer.
    const microseconds = Math.max(1, Math.round((mailAt - answer.received_at_ms) * 1_000))
    histogram.recordValue(Math.min(microseconds, LONGEST_US))
  }
  return histogram.totalCount === 0 ? null : encodeIntoCompressedBase64(histogram)
}
