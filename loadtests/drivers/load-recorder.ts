import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js'
import { createAnswersFile, type Outcome } from './answers-file.ts'
import type { LoadResult, Progress } from './driver.ts'
import { type OutgoingRequest, type Recipe, readText, type Step } from './recipes/recipe.ts'

const LONGEST_US = 60_000_000
/** Asking for it each time costs more than adding to it. */
const TIME_ORIGIN_MS = performance.timeOrigin

export interface LoadRecorder {
  answered(request: OutgoingRequest, status: number, body: string, latencyMs: number): void
  /** No answer came, and none will. */
  lost(request: OutgoingRequest, reason: 'timeout' | 'connection_error' | 'unanswered'): void
  /** What came since the last call. */
  takeProgress(): Progress
  finish(): Promise<LoadResult>
}

/** Counts the answers of one load and keeps their latencies in microseconds; all generators share it. */
export function createLoadRecorder(answersFile: string, { steps, room }: Pick<Recipe, 'steps' | 'room'>): LoadRecorder {
  const answers = createAnswersFile(answersFile)
  const total = buildHistogram()
  const recent = buildHistogram()
  const byStep = new Map(steps.length > 1 ? steps.map((step) => [step, buildHistogram()]) : [])
  const beganAt = performance.now()
  const counts = { accepted: 0, served: 0, refused: 0, errors: 0 }
  let reported = { ...counts }
  let lastAnswerAt = beganAt
  const byStatus: Record<string, number> = {}

  const note = (request: OutgoingRequest, outcome: Outcome, status: string, redemptionId: string, nowMs: number) => {
    byStatus[status] = (byStatus[status] ?? 0) + 1
    const { step, email, code } = request
    if (step !== 'redeem' && step !== 'repeat') return
    const receivedAt = TIME_ORIGIN_MS + nowMs
    answers.add({ outcome, redemption_id: redemptionId, email, code, received_at_ms: receivedAt, status })
  }

  return {
    answered(request, status, body, latencyMs) {
      lastAnswerAt = performance.now()
      if (status >= 500) {
        counts.errors++
        return note(request, 'indeterminate', String(status), '', lastAnswerAt)
      }
      const microseconds = Math.min(Math.max(Math.round(latencyMs * 1000), 1), LONGEST_US)
      total.recordValue(microseconds)
      recent.recordValue(microseconds)
      byStep.get(request.step)?.recordValue(microseconds)
      counts[resultOf(request.step, status)]++
      const isAccepted = status === 202
      const id = isAccepted ? readId(body) : ''
      note(request, isAccepted ? 'accepted' : 'rejected', String(status), id, lastAnswerAt)
    },
    lost(request, reason) {
      counts.errors++
      note(request, 'indeterminate', reason, '', performance.now())
    },
    takeProgress() {
      const progress = {
        second: (performance.now() - beganAt) / 1000,
        ...difference(counts, reported),
        ...ends(recent),
      }
      reported = { ...counts }
      recent.reset()
      return progress
    },
    async finish() {
      await answers.close()
      return {
        seconds: (lastAnswerAt - beganAt) / 1000,
        started_at_ms: performance.timeOrigin + beganAt,
        ...counts,
        by_status: byStatus,
        histogram: encodeIntoCompressedBase64(total),
        steps: Object.fromEntries([...byStep].map(([step, histogram]) => [step, describe(histogram)])),
        room,
        answers_file: answersFile,
        answers_left_out: answers.leftOut,
      }
    },
  }
}

/** 1 µs to 60 s with three significant digits. */
function buildHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_US,
    numberOfSignificantValueDigits: 3,
    autoResize: false,
  })
}

function describe(histogram: Histogram): LoadResult['steps'][string] {
  return { answers: histogram.totalCount, histogram: encodeIntoCompressedBase64(histogram) }
}

function resultOf(step: Step, status: number): 'accepted' | 'served' | 'refused' {
  if (step === 'redeem') return status === 202 ? 'accepted' : 'refused'
  return status < 300 ? 'served' : 'refused'
}

/** A 202 without an id (the bare route of the ceiling gives none) has an empty one. */
function readId(body: string): string {
  return readText(body, 'redemption_id') ?? ''
}

function difference<T extends Record<string, number>>(now: T, before: T): T {
  return Object.fromEntries(Object.entries(now).map(([key, value]) => [key, value - (before[key] ?? 0)])) as T
}

function ends(histogram: Histogram): Pick<Progress, 'p50_ms' | 'p99_ms'> {
  if (histogram.totalCount === 0) return { p50_ms: null, p99_ms: null }
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
  return { p50_ms: at(50), p99_ms: at(99) }
}
