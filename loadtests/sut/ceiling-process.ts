import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { sendReady, tieToHarness } from './lifeline.ts'

/**
 * The ceiling: a bare Express route with the same body parsing as the redeem route, which answers at once. No mode can
 * accept faster than this on the same machine in the same minute.
 */
const app = express().disable('x-powered-by').disable('etag')
app.use('/api/v1/public', express.json({ limit: '10kb' }))
app.post('/api/v1/public/direct-redeem', (request, response) => {
  const { code } = request.body as { code?: unknown }
  response.status(202).json({ redemption_id: '', status: 'reserved', status_url: code === undefined ? '' : '/' })
})

const server = createServer(app)
tieToHarness(() => {
  server.closeAllConnections()
  server.close()
})
server.listen(0, '127.0.0.1', () => {
  sendReady({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
