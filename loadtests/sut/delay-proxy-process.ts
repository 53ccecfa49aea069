import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { joinDelayed } from './delay-line.ts'
import { sendReady, tieToHarness } from './lifeline.ts'

const [host = '', port = '', delayMs = ''] = process.argv.slice(2)
const open = new Set<Socket>()
let isHeld = false

const proxy = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
  const server = connect({ host, port: Number(port), allowHalfOpen: true, noDelay: true })
  for (const socket of [client, server]) {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  }
  joinDelayed(client, server, () => (isHeld ? 0 : Number(delayMs)))
})
proxy.listen(0, '127.0.0.1')
await once(proxy, 'listening')

process.on('message', (message: { hold?: boolean }) => {
  isHeld = message.hold ?? isHeld
})

tieToHarness(() => {
  proxy.close()
  for (const socket of open) socket.destroy()
})
sendReady({ url: `tcp://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
