import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createLoadRecorder } from './load-recorder.ts'
import type { OutgoingRequest } from './recipes/recipe.ts'

const directory = mkdtempSync(join(tmpdir(), 'recorder-test-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

it('a check decides what an answer counts as, also where it asks for a server error', async () => {
  const recorder = createLoadRecorder(join(directory, 'answers.tsv'), { steps: ['custom:probe'], room: null })
  const request = (wanted: number | null): OutgoingRequest => ({
    ...{ step: 'custom:probe', email: 'a@b.example', code: '', method: 'GET', path: '/' },
    ...(wanted !== null && { isGood: ({ status }) => status === wanted }),
  })
  recorder.answered(request(503), 503, '', 1)
  recorder.answered(request(200), 404, '', 1)
  recorder.answered(request(200), 500, '', 1)
  recorder.answered(request(null), 500, '', 1)
  expect(await recorder.finish()).toMatchObject({ accepted: 1, refused: 1, errors: 2, by_status: { 500: 2, 503: 1 } })
})

it('lasts until its end, and without one until the last outcome: errors are outcomes', async () => {
  const probe: OutgoingRequest = { step: 'custom:probe', email: '', code: '', method: 'GET', path: '/' }
  type Act = (recorder: ReturnType<typeof createLoadRecorder>) => void
  const secondsOf = async (...acts: Act[]) => {
    const recorder = createLoadRecorder(join(directory, 'answers.tsv'), { steps: ['custom:probe'], room: null })
    recorder.begin(1_000)
    for (const act of acts) act(recorder)
    return (await recorder.finish()).seconds
  }
  const answerAt =
    (atMs: number): Act =>
    (recorder) =>
      recorder.answered(probe, 200, '', 1, atMs)
  const endAt =
    (atMs: number): Act =>
    (recorder) =>
      recorder.endAt(atMs)
  expect(await secondsOf(endAt(11_000), answerAt(1_500))).toBe(10)
  expect(await secondsOf(endAt(11_000), answerAt(13_000))).toBe(10)
  expect(await secondsOf(answerAt(1_500), (recorder) => recorder.lost(probe, 'timeout', 9_000))).toBe(8)
  // It was cut short: what was planned is not what was.
  expect(await secondsOf(endAt(11_000), endAt(4_000), answerAt(1_500))).toBe(3)
})
