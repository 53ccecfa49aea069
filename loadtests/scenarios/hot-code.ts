import { AS_ASKED, HOT, redeemShared, type Scenario } from './scenario.ts'

export const hotCode: Scenario = {
  ...AS_ASKED,
  name: 'hot-code',
  description: 'everybody redeems one code that has more uses than there are requests',
  workload: redeemShared([HOT]),
}
