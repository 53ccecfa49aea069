import { expect, test } from 'vitest'
import { type ConnectionSettings, explainBudget, reckonBudget } from './connection-budget.ts'

const SETTINGS: ConnectionSettings = {
  max_connections: 100,
  superuser_reserved_connections: 3,
  reserved_connections: 0,
}
const server = (pool_max: number) => ({ kind: 'server', pool_max, silent_ms: 0 }) as const

test.each([
  [SETTINGS, [97], true],
  [SETTINGS, [50, 47], true],
  [SETTINGS, [50, 48], false],
  [{ ...SETTINGS, reserved_connections: 5 }, [50, 42], true],
  [{ ...SETTINGS, reserved_connections: 5 }, [50, 43], false],
  [{ ...SETTINGS, reserved_connections: null }, [97], true],
])('%j gives %j: %s', (settings, pools, fits) => expect(reckonBudget(settings, pools.map(server)).fits).toBe(fits))

test('what does not fit is told in one line, with the numbers and the way out', () => {
  const told = explainBudget(SETTINGS, [server(60), { kind: 'worker', pool_max: 40, silent_ms: 0 }])
  expect(told).toBe(
    'The pools of all processes could open 100 connections (server 60 + worker 40), and Postgres gives 97 ' +
      '(max_connections 100 less 3 reserved): lower DB_POOL_MAX, start fewer processes, or raise max_connections.',
  )
})
