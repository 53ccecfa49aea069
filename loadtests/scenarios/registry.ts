import { hotCode } from './hot-code.ts'
import { LOAD_SHAPES } from './load-shapes.ts'
import { manyCodes } from './many-codes.ts'
import { personalCodes } from './personal-codes.ts'
import type { Scenario } from './scenario.ts'
import { soldOut } from './sold-out.ts'
import { polls2000, statusPoll } from './status-poll.ts'
import { waitingRoom } from './waiting-room.ts'

/** Adding a scenario is a file and a line here. The first one is the default. */
export const SCENARIOS: readonly Scenario[] = [
  hotCode,
  manyCodes,
  soldOut,
  personalCodes,
  statusPoll,
  waitingRoom,
  polls2000,
  ...LOAD_SHAPES,
]
