import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { sendReady, tieToHarness } from './lifeline.ts'

const PUBLIC = '/api/v1/public'

/**
 * The ceiling: bare Express routes with the same body parsing as those of the public API, which answer at once. No mode can
 * accept faster than this with as many processes on the same machine in the same minute.
 */
async function listen(): Promise<number> {
  const app = express().disable('x-powered-by').disable('etag')
  app.use(PUBLIC, express.json({ limit: '10kb' }))
  app.post(`${PUBLIC}/direct-redeem`, (_request, response) => {
    response.status(202).json({ redemption_id: '', status: 'reserved', status_url: '/' })
  })
  app.post(`${PUBLIC}/redeem`, (_request, response) => {
    response.status(202).json({ redemption_id: '', status: 'reserved', status_url: '/' })
  })
  app.get(`${PUBLIC}/redemptions/:id`, (request, response) => {
    response.json({ redemption_id: request.params.id, status: 'reserved' })
  })
  // Other paths of the API.
  app.use((_request, response) => void response.json({}))
  const server = createServer(process.argv.includes('--without-express') ? answerPlainly : app)
  tieToHarness(() => {
    server.closeAllConnections()
    server.close()
  })
  // In a cluster all processes that ask for port 0 share the one that the first of them got.
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Whatever a team's own scenario asks for. */
function answerPlainly(request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  response.setHeader('Content-Type', 'application/json').end('{}')
}

async function listenTogether(processes: number): Promise<number> {
  tieToHarness(() => cluster.disconnect())
  const workers = Array.from({ length: processes }, () => cluster.fork())
  const addresses = await Promise.all(workers.map(async (worker) => (await once(worker, 'listening')) as [AddressInfo]))
  return addresses[0]?.[0].port ?? 0
}

const processes = Number(process.argv[2] ?? 1)
const port = cluster.isPrimary && processes > 1 ? await listenTogether(processes) : await listen()
if (cluster.isPrimary) sendReady({ url: `http://127.0.0.1:${port}` })
