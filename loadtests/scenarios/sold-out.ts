import type { Scenario } from './scenario.ts'

const withFewUses = (code: string) => [{ code, maxUses: 100 }]

export const soldOut: Scenario = {
  name: 'sold-out',
  description: 'a code with 100 uses and many more requests: almost everybody is refused',
  codes: { warmUp: withFewUses('FEW-1'), paused: withFewUses('FEW-2'), running: withFewUses('FEW-3') },
}
