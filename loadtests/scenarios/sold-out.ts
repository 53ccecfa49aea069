import { AS_ASKED, redeemShared, type Scenario } from './scenario.ts'

export const soldOut: Scenario = {
  ...AS_ASKED,
  name: 'sold-out',
  description: 'a code with 100 uses and many more requests: almost everybody is refused',
  workload: (load, options) => redeemShared([{ code: `FEW-${load}`, maxUses: 100 }])(load, options),
}
