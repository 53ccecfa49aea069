import { z } from 'zod'

/** Characters that need no escape in JSON, in a header or in a line of tab separated fields. */
export const plainText = z.string().regex(/^[\w.@:+-]+$/, 'only letters, digits and . _ @ : + - are possible here')

/** What each recipe is told; the recipes themselves hold no library, so that k6 can run them as they are. */
export const redeemSharedSchema = z.object({
  kind: z.literal('redeem-shared'),
  codes: z.array(plainText).min(1),
  email_prefix: plainText,
  /** Which code is taken when there are several is drawn from this seed. */
  seed: z.number().int(),
})
export type RedeemShared = z.output<typeof redeemSharedSchema>

export const redeemPersonalSchema = z.object({
  kind: z.literal('redeem-personal'),
  code_prefix: plainText,
  /** So many codes exist. */
  codes: z.number().int().positive(),
  /** One of so many people asks a second time with the same code. */
  repeat_every: z.number().int().positive(),
  /** The code of one of so many people is tried by a stranger afterwards, which must be a 404. */
  stranger_every: z.number().int().positive(),
  email_prefix: plainText,
})
export type RedeemPersonal = z.output<typeof redeemPersonalSchema>

export const pollStatusSchema = z.object({
  kind: z.literal('poll-status'),
  code: plainText,
  polls: z.number().int().positive(),
  /** From an answer to the next poll, in milliseconds. */
  think_ms: z.number().nonnegative().max(5_000),
  email_prefix: plainText,
})
export type PollStatus = z.output<typeof pollStatusSchema>

export const passWaitingRoomSchema = z.object({
  kind: z.literal('pass-waiting-room'),
  activity_id: z.uuid(),
  code: plainText,
  /** From an answer to the next question for the place, in milliseconds. */
  poll_ms: z.number().positive().max(5_000),
  without_pass_every: z.number().int().positive(),
  enter_twice_every: z.number().int().positive(),
  email_prefix: plainText,
})
export type PassWaitingRoom = z.output<typeof passWaitingRoomSchema>

const template = z.string().max(100_000)

export const customSchema = z.object({
  kind: z.literal('custom'),
  email_prefix: plainText,
  /** Which request a person sends is drawn from this seed, by weight. */
  seed: z.number().int(),
  requests: z
    .array(
      z.object({
        name: z.string().regex(/^[\w.-]+$/),
        weight: z.number().positive(),
        method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
        path: template,
        headers: z.record(z.string(), template),
        /** JSON text. */
        body: template.nullable(),
        /** Statuses that are right, and what the body must contain. */
        status: z.array(z.number().int()).min(1),
        body_contains: z.string().nullable(),
      }),
    )
    .min(1),
  /** Rows for `{{name.column}}`, one for each person, again from the first one after the last. */
  data: z.record(z.string(), z.array(z.record(z.string(), z.string())).min(1)),
})
export type Custom = z.output<typeof customSchema>

/** What a load sends. */
export const requestsSchema = z.discriminatedUnion('kind', [
  redeemSharedSchema,
  redeemPersonalSchema,
  pollStatusSchema,
  passWaitingRoomSchema,
  customSchema,
])
export type Requests = z.output<typeof requestsSchema>
