import { z } from 'zod'
import { createPassWaitingRoom, passWaitingRoomSchema } from './pass-waiting-room.ts'
import { createPollStatus, pollStatusSchema } from './poll-status.ts'
import type { Recipe } from './recipe.ts'
import { createRedeemPersonal, redeemPersonalSchema } from './redeem-personal.ts'
import { createRedeemShared, redeemSharedSchema } from './redeem-shared.ts'

/** What a load sends. Adding a recipe is a file, a line here and a case below. */
export const requestsSchema = z.discriminatedUnion('kind', [
  redeemSharedSchema,
  redeemPersonalSchema,
  pollStatusSchema,
  passWaitingRoomSchema,
])
export type Requests = z.output<typeof requestsSchema>

export function createRecipe(requests: Requests): Recipe {
  switch (requests.kind) {
    case 'redeem-shared':
      return createRedeemShared(requests)
    case 'redeem-personal':
      return createRedeemPersonal(requests)
    case 'poll-status':
      return createPollStatus(requests)
    case 'pass-waiting-room':
      return createPassWaitingRoom(requests)
  }
}
