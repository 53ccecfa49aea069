import { z } from 'zod'
import { loadResultSchema, loadSpecSchema, progressSchema } from './driver.ts'

/** From the harness to the generator. */
export const generatorRequestSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('load'), id: z.number(), spec: loadSpecSchema }),
  z.object({ type: z.literal('stop'), id: z.number() }),
])
export type GeneratorRequest = z.input<typeof generatorRequestSchema>

/** From the generator to the harness; each load has an id of its own. */
export const generatorReplySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), id: z.number(), progress: progressSchema }),
  z.object({ type: z.literal('result'), id: z.number(), result: loadResultSchema }),
  z.object({ type: z.literal('failed'), id: z.number(), message: z.string() }),
])
export type GeneratorReply = z.infer<typeof generatorReplySchema>
