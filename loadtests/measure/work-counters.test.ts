import { expect, test } from 'vitest'
import { subtractCounters, type WorkCounters } from './work-counters.ts'

const counters = (request: number, ledger: number): WorkCounters => ({
  redis_commands: { request, ledger },
  redis_round_trips: { request },
  sql_statements: { ledger },
})

test('the difference is what was counted in between; a cause that is new began at zero', () => {
  const after = { ...counters(30, 12), sql_statements: { ledger: 12, job: 4 } }
  expect(subtractCounters(after, counters(10, 2))).toEqual({
    redis_commands: { request: 20, ledger: 10 },
    redis_round_trips: { request: 20 },
    sql_statements: { ledger: 10, job: 4 },
  })
})

test('a counter that ran backwards makes the whole unknown', () => {
  expect(subtractCounters(counters(5, 12), counters(10, 2))).toBeNull()
})
