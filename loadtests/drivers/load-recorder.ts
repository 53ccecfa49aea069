import type { Histogram } from 'hdr-histogram-js'
import { createAnswersFile, type Outcome } from './answers-file.ts'
import { createClockWatch } from './clock-watch.ts'
import type { LoadResult, Progress, Schedule } from './driver.ts'
import { buildHistogram, encodeHistogram, toMicroseconds } from './histogram.ts'
import { createLoadSlices } from './load-slices.ts'
import { type OutgoingRequest, type Recipe, readText, type Step } from './recipes/recipe.ts'

/** Asking for it each time costs more than adding to it. */
const TIME_ORIGIN_MS = performance.timeOrigin

export interface LoadRecorder {
  /** The load began at this moment of the performance clock, not when this was made; before the first answer. */
  begin(atMs: number): void
  /** From this moment on nobody comes any more; without it the load ends with its last outcome. The earliest counts. */
  endAt(atMs: number): void
  /** @param atMs when the answer was there, by the performance clock of this process; now unless it is told */
  answered(request: OutgoingRequest, status: number, body: string, latencyMs: number, atMs?: number): void
  /** No answer came, and none will. `not_sent`: it never left the generator. */
  lost(
    request: OutgoingRequest,
    reason: 'timeout' | 'connection_error' | 'unanswered' | 'not_sent',
    atMs?: number,
  ): void
  /** What came since the last call. */
  takeProgress(): Progress
  /** @param schedule of an open loop */
  finish(schedule?: Schedule): Promise<LoadResult>
}

/**
 * Counts the answers of one load and keeps their latencies in microseconds; all generators share it.
 * @param isLevel false where the load changes by its plan: nothing of it is a warm-up then
 */
export function createLoadRecorder(
  answersFile: string,
  { steps, room }: Pick<Recipe, 'steps' | 'room'>,
  isLevel = true,
): LoadRecorder {
  const answers = createAnswersFile(answersFile)
  const total = buildHistogram()
  const recent = buildHistogram()
  const byStep = new Map(steps.length > 1 ? steps.map((step) => [step, buildHistogram()]) : [])
  let beganAt = performance.now()
  let endsAt = Number.POSITIVE_INFINITY
  let slices = createLoadSlices(beganAt, isLevel)
  const clock = createClockWatch()
  const counts = { accepted: 0, served: 0, refused: 0, errors: 0 }
  let reported = { ...counts }
  let lastOutcomeAt = beganAt
  const byStatus: Record<string, number> = {}

  const note = (request: OutgoingRequest, outcome: Outcome, status: string, redemptionId: string, nowMs: number) => {
    byStatus[status] = (byStatus[status] ?? 0) + 1
    const { step, email, code } = request
    if (step !== 'redeem' && step !== 'repeat') return
    const receivedAt = TIME_ORIGIN_MS + nowMs
    answers.add({ outcome, redemption_id: redemptionId, email, code, received_at_ms: receivedAt, status })
  }
  const fail = (request: OutgoingRequest, status: string, atMs: number) => {
    counts.errors++
    lastOutcomeAt = Math.max(lastOutcomeAt, atMs)
    slices.add(atMs, 'errors', null)
    note(request, 'indeterminate', status, '', atMs)
  }

  return {
    begin(atMs) {
      beganAt = atMs
      lastOutcomeAt = atMs
      slices = createLoadSlices(atMs, isLevel)
      slices.endAt(endsAt)
    },
    endAt(atMs) {
      endsAt = Math.min(endsAt, atMs)
      slices.endAt(endsAt)
    },
    answered(request, status, body, latencyMs, atMs = performance.now()) {
      lastOutcomeAt = Math.max(lastOutcomeAt, atMs)
      const good = request.isGood?.({ status, body })
      // A check may ask for a server error; without one none is an answer.
      if (status >= 500 && !good) return fail(request, String(status), atMs)
      const microseconds = toMicroseconds(latencyMs)
      total.recordValue(microseconds)
      recent.recordValue(microseconds)
      byStep.get(request.step)?.recordValue(microseconds)
      const counted = good === undefined ? resultOf(request.step, status) : good ? 'accepted' : 'refused'
      counts[counted]++
      slices.add(atMs, counted, microseconds)
      const isAccepted = status === 202
      const id = isAccepted ? readId(body) : ''
      note(request, isAccepted ? 'accepted' : 'rejected', String(status), id, atMs)
    },
    lost(request, reason, atMs = performance.now()) {
      fail(request, reason, atMs)
    },
    takeProgress() {
      clock.look()
      const progress = {
        second: (performance.now() - beganAt) / 1000,
        ...difference(counts, reported),
        ...ends(recent),
      }
      reported = { ...counts }
      recent.reset()
      return progress
    },
    async finish(schedule) {
      clock.look()
      await answers.close()
      return {
        seconds: ((endsAt === Number.POSITIVE_INFINITY ? lastOutcomeAt : endsAt) - beganAt) / 1000,
        started_at_ms: performance.timeOrigin + beganAt,
        ...counts,
        by_status: byStatus,
        histogram: encodeHistogram(total),
        steps: Object.fromEntries([...byStep].map(([step, histogram]) => [step, describe(histogram)])),
        schedule: schedule ?? null,
        steady: slices.steady(lastOutcomeAt),
        clock_step_ms: clock.greatestMs,
        room,
        answers_file: answersFile,
        wire_bytes: null,
        answers_left_out: answers.leftOut,
      }
    },
  }
}

function describe(histogram: Histogram): LoadResult['steps'][string] {
  return { answers: histogram.totalCount, histogram: encodeHistogram(histogram) }
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
