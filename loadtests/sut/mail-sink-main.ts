import { parseArgs } from 'node:util'
import { sendReady, tieToHarness } from './lifeline.ts'
import { serveMails } from './mail-http.ts'
import { listenForMails } from './mail-smtp.ts'
import { createMailStore } from './mail-store.ts'

/** The mail sink by itself, at ports that others know: a service of `compose/compose.yaml`. */
const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    'smtp-port': { type: 'string', default: '1025' },
    'http-port': { type: 'string', default: '8025' },
  },
})
const store = createMailStore()
const at = (port: string) => ({ host: values.host, port: parsePort(port) })
const [smtp, http] = await Promise.all([
  listenForMails(store, at(values['smtp-port'])),
  serveMails(store, at(values['http-port'])),
])
tieToHarness(() => {
  smtp.close()
  http.close()
})
sendReady({ url: http.url, smtp_url: smtp.url })
process.stdout.write(`${JSON.stringify({ url: http.url, smtp_url: smtp.url })}\n`)

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  process.stderr.write(`mail sink: a port is 0 to 65535, got "${text}"\n`)
  process.exit(2)
}
