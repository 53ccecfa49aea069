import { type Scenario, useThroughout } from './scenario.ts'

export const hotCode: Scenario = {
  name: 'hot-code',
  description: 'everybody redeems one code that has more uses than there are requests',
  codes: useThroughout([{ code: 'HOT', maxUses: 10_000_000 }]),
}
