import { connect, type Socket } from 'node:net'
import { z } from 'zod'
import { createPacer } from '../../drivers/pacer.ts'
import { sendReady, tieToHarness } from '../../sut/lifeline.ts'

/**
 * The least that an open loop costs in Node on this machine: people come at their moments, each is one write and one read,
 * and nobody looks at what was answered.
 */
const orderSchema = z.object({ url: z.string(), rate: z.number(), seconds: z.number(), text: z.string() })
/** Answers that are still under way. */
const GRACE_MS = 200

const pacer = await createPacer()
const idle: Socket[] = []
const all = new Set<Socket>()
let answers = 0

function open(url: string, text: string): void {
  const { hostname, port } = new URL(url)
  const onread = {
    buffer: Buffer.allocUnsafe(4_096),
    callback() {
      answers++
      idle.push(socket)
      return true
    },
  }
  const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread }, () => socket.write(text))
  all.add(socket)
  socket.on('error', () => {})
}

process.on('message', async (message) => {
  const { url, rate, seconds, text } = orderSchema.parse(message)
  answers = 0
  await pacer.run({ model: 'constant', rate }, seconds, () => {
    const socket = idle.pop()
    if (socket) socket.write(text)
    else open(url, text)
  })
  await new Promise((resolve) => setTimeout(resolve, GRACE_MS))
  // Its server closes connections that idle between two rounds.
  for (const socket of all) socket.destroy()
  all.clear()
  idle.length = 0
  process.send?.({ type: 'ended', answers })
})

tieToHarness(() => {})
sendReady({ url: null })
