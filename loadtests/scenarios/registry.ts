import { hotCode } from './hot-code.ts'
import { manyCodes } from './many-codes.ts'
import type { Scenario } from './scenario.ts'
import { soldOut } from './sold-out.ts'

/** Adding a scenario is a file and a line here. The first one is the default. */
export const SCENARIOS: readonly Scenario[] = [hotCode, manyCodes, soldOut]
