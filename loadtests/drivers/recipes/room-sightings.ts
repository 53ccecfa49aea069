import { z } from 'zod'

/** What clients saw of a waiting room during one load. */
export const roomSightingsSchema = z.object({
  /** Number of each person who entered. */
  entered: z.array(z.number()),
  /** Enters of which nobody knows whether they took a number. */
  lost_enters: z.number().int().nonnegative(),
  /** Numbers that the same person got at the first and at a second time. */
  entered_again: z.array(z.tuple([z.number(), z.number()])),
  /** Number of each person who was shown a pass, and when, in milliseconds since the epoch with a fraction. */
  passes: z.array(z.object({ seq: z.number(), at_ms: z.number() })),
  /** Attempts to redeem without a pass, and who of them was accepted. */
  tried_without_pass: z.number().int().nonnegative(),
  accepted_without_pass: z.array(z.string()),
})
export type RoomSightings = z.infer<typeof roomSightingsSchema>
