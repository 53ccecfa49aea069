import { createCustom } from './custom.ts'
import { createPassWaitingRoom } from './pass-waiting-room.ts'
import { createPollStatus } from './poll-status.ts'
import type { Recipe } from './recipe.ts'
import { createRedeemPersonal } from './redeem-personal.ts'
import { createRedeemShared } from './redeem-shared.ts'
import type { Requests } from './requests.ts'

/** Adding a recipe is a file, its schema in requests.ts and a case here. */
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
    case 'custom':
      return createCustom(requests)
  }
}
