import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { createLoadRecorder } from './load-recorder.ts'
import type { OutgoingRequest } from './recipes/recipe.ts'

const directory = mkdtempSync(join(tmpdir(), 'recorder-test-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

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
