import { type Scenario, useThroughout } from './scenario.ts'

export const manyCodes: Scenario = {
  name: 'many-codes',
  description: 'requests spread over 1 000 codes with plenty of uses: no row is hot',
  codes: useThroughout(Array.from({ length: 1_000 }, (_, n) => ({ code: `MANY-${n + 1}`, maxUses: 100_000 }))),
}
