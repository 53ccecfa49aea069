import { expect, it } from 'vitest'
import { drawTextIntervals } from './text-intervals.ts'

it('shows where the measured values lie in their intervals, beside them, and beyond the picture', () => {
  const foretold = { foretold: 100, low: 90, high: 110 }
  const text = drawTextIntervals([
    { name: 'held', ...foretold, measured: 106 },
    { name: 'exactly', ...foretold, measured: 100 },
    { name: 'off', ...foretold, measured: 79 },
    { name: 'far off', ...foretold, measured: 300 },
  ])
  // 3 % a cell: the interval reaches over three of them.
  expect(text.split('\n')).toEqual([
    'held     ·················───│─●─·················',
    'exactly  ·················───●───·················',
    'off      ·············○···───│───·················',
    'far off  ·················───│───················▶',
    '         −60 %                               +60 %',
  ])
})
