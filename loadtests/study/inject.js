/**
 * Preloaded into the server process of a study (node --import): slows its requests down from outside, as asked for on a
 * port of its own, so that one and the same process is measured with and without. Plain JavaScript, because it is loaded
 * before anything that knows TypeScript.
 *
 * GET /?injected={"spin_us": 12.5, "extra_command": false} sets what is injected, and tells the CPU time of the process.
 */
import http from 'node:http'
import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const PORT = process.env.REDLINE_STUDY_PORT
const isServer = isMainThread && /[\\/]server[\\/]main\b/.test(process.argv[1] ?? '')

if (PORT !== undefined && isServer) {
  const injected = { spin_us: 0, extra_command: false }
  injectInto(injected, findScriptClient())
  listen(injected, Number(PORT))
}

/** The server's own client that runs its scripts: what is sent over it is counted like everything else. */
function findScriptClient() {
  const { Redis } = createRequire(process.argv[1])('ioredis')
  const send = Redis.prototype.sendCommand
  const found = { client: undefined }
  Redis.prototype.sendCommand = function (command, stream) {
    if (command.name === 'evalsha') found.client = this
    return send.call(this, command, stream)
  }
  return found
}

function injectInto(injected, found) {
  const emit = http.Server.prototype.emit
  http.Server.prototype.emit = function (event, request, ...rest) {
    if (event !== 'request' || !request.url.startsWith('/api/')) return emit.call(this, event, request, ...rest)
    spin(injected.spin_us)
    if (!injected.extra_command || found.client === undefined) return emit.call(this, event, request, ...rest)
    found.client.ping().finally(() => emit.call(this, event, request, ...rest))
    return true
  }
}

/** Holds the event loop, as slower code would. */
function spin(microseconds) {
  if (microseconds === 0) return
  const until = performance.now() + microseconds / 1000
  while (performance.now() < until);
}

function listen(injected, port) {
  const server = http.createServer((request, response) => {
    const asked = new URL(request.url, 'http://study').searchParams.get('injected')
    if (asked !== null) Object.assign(injected, JSON.parse(asked))
    const { user, system } = process.cpuUsage()
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ cpu_us: user + system }))
  })
  server.listen(port, '127.0.0.1')
  server.unref()
}
