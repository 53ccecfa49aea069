import { AS_ASKED, redeemShared, type Scenario } from './scenario.ts'

export const manyCodes: Scenario = {
  ...AS_ASKED,
  name: 'many-codes',
  description: 'requests spread over 1 000 codes with plenty of uses: no row is hot',
  workload: redeemShared(Array.from({ length: 1_000 }, (_, n) => ({ code: `MANY-${n + 1}`, maxUses: 100_000 }))),
}
