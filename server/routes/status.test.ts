import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import express from 'express'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RedemptionStatus } from '../db/ledger/find-redemption.ts'
import { addStatusRoutes } from './status.ts'

const PENDING = '00000000-0000-4000-8000-000000000001'
const SENT = '00000000-0000-4000-8000-000000000002'
const SLOW = '00000000-0000-4000-8000-000000000003'
const HEARTBEAT_MS = 10
const PATIENCE = { timeout: 4_000 }
const request = (id: string) => `GET /redemptions/${id}/events HTTP/1.1\r\nHost: here\r\n\r\n`

let stop: () => void
let url: AddressInfo
let find: () => void
let found: Promise<void>
const watches = new Map<object, string>()

beforeEach(async () => {
  watches.clear()
  found = new Promise((resolve) => {
    find = resolve
  })
  const router = express.Router()
  const redemption = (id: string) => ({ id, status: id === SENT ? 'sent' : 'reserved' }) as unknown as RedemptionStatus
  addStatusRoutes(router, {
    async findStatus(id) {
      if (id === SLOW) await found
      return redemption(id)
    },
    // As the real one: what has ended is told, and the stream ends.
    watchStatus(found, send, onEnd) {
      const watch = {
        start() {
          send(found)
          if (found.status === 'sent') onEnd()
        },
        stop: () => void watches.delete(watch),
      }
      watches.set(watch, found.id)
      return watch
    },
    deadlineMs: 1_000,
    heartbeatMs: HEARTBEAT_MS,
  })
  const server = express().use(router).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = server.address() as AddressInfo
  stop = () => {
    server.closeAllConnections()
    server.close()
  }
})
afterEach(() => stop())

// A heartbeat into an answer that has ended would be an error that nobody hears, and end the process.
test('an answer that waits behind another one on its connection ends quietly, and with its connection', async () => {
  const socket = connect(url.port, '127.0.0.1')
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk
  })
  socket.write(request(PENDING) + request(SENT) + request(PENDING))
  await vi.waitFor(() => expect([...watches.values()]).toEqual([PENDING, PENDING]), PATIENCE)
  const beats = () => text.split(':\n\n').length
  const before = beats()
  await vi.waitFor(() => expect(beats()).toBeGreaterThan(before + 3), PATIENCE)
  socket.destroy()
  await vi.waitFor(() => expect(watches.size).toBe(0), PATIENCE)
})

test('whoever went away while their redemption was looked for is not watched', async () => {
  const socket = connect(url.port, '127.0.0.1')
  socket.write(request(PENDING) + request(SLOW))
  await vi.waitFor(() => expect(watches.size).toBe(1), PATIENCE)
  socket.destroy()
  await vi.waitFor(() => expect(watches.size).toBe(0), PATIENCE)
  find()
  await new Promise((resolve) => setImmediate(resolve))
  expect(watches.size).toBe(0)
})
