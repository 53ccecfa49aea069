import { expect, test } from 'vitest'
import { releasedUntil } from './released-until.ts'

const at = (seconds: number) => new Date(1_000_000 + seconds * 1000)
const room = { released_before: '10', release_per_second: 2.5, opened_at: at(0), start_at: null }

test.each([
  ['just opened', room, 0, 10],
  ['whole people only', room, 1, 12],
  ['later', room, 100, 260],
  ['a clock that went back takes nobody back', room, -5, 10],
  ['never opened', { ...room, opened_at: null }, 100, 10],
  ['opened before it starts', { ...room, start_at: at(60) }, 50, 10],
  ['some time after its start', { ...room, start_at: at(60) }, 64, 20],
  ['opened after its start', { ...room, start_at: at(-60) }, 4, 20],
])('%s', (_, activity, seconds, released) => {
  expect(releasedUntil(activity, at(seconds))).toBe(released)
})
