import { sendReady, tieToHarness } from '../sut/lifeline.ts'
import type { LoadSpec } from './driver.ts'
import { type GeneratorReply, generatorRequestSchema } from './generator-messages.ts'
import { createDriver } from './registry.ts'

const driver = createDriver()
const running = new Map<number, { abort: AbortController; done: Promise<void> }>()

function reply(message: GeneratorReply): Promise<void> {
  // The callback also comes when the harness is gone.
  return new Promise((resolve) => (process.send ? process.send(message, () => resolve()) : resolve()))
}

async function runLoad(id: number, spec: LoadSpec, signal: AbortSignal): Promise<void> {
  try {
    // What it does before its load delays nobody; what survives is not looked at again.
    globalThis.gc?.()
    const result = await driver.load(spec, {
      signal,
      onProgress: (progress) => void reply({ type: 'progress', id, progress }),
    })
    await reply({ type: 'result', id, result })
  } catch (error) {
    await reply({ type: 'failed', id, message: error instanceof Error ? error.message : String(error) })
  } finally {
    running.delete(id)
  }
}

process.on('message', (message) => {
  const request = generatorRequestSchema.parse(message)
  if (request.type === 'stop') {
    running.get(request.id)?.abort.abort()
    return
  }
  const abort = new AbortController()
  running.set(request.id, { abort, done: runLoad(request.id, request.spec, abort.signal) })
})

tieToHarness(async () => {
  for (const { abort } of running.values()) abort.abort()
  await Promise.all([...running.values()].map(({ done }) => done))
})
sendReady({ url: null })
