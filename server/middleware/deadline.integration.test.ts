import { once } from 'node:events'
import { request } from 'node:http'
import express, { type Response } from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { closeServer, listen } from '../listen.ts'
import { createDeadline } from './deadline.ts'

/** The response of a request whose client goes away, and what makes it go. */
async function receive(): Promise<{ response: Response; leave: () => Promise<unknown> }> {
  const app = express()
  const received = new Promise<Response>((resolve) => app.get('/', (_request, response) => resolve(response)))
  const { server, url } = await listen(app, { port: 0, host: '127.0.0.1' })
  onTestFinished(() => closeServer(server))
  const client = request(url).on('error', () => {})
  client.end()
  const response = await received
  return {
    response,
    leave: () => {
      const closed = once(response, 'close')
      client.destroy()
      return closed
    },
  }
}

test('a client that goes away ends the deadline', async () => {
  const { response, leave } = await receive()
  const { signal } = createDeadline(response, 60_000)
  expect(signal.aborted).toBe(false)
  await leave()
  expect(signal.aborted).toBe(true)
})

test('also when nobody had asked for the signal before', async () => {
  const { response, leave } = await receive()
  const deadline = createDeadline(response, 60_000)
  await leave()
  expect(deadline.signal.aborted).toBe(true)
  deadline.clear()
})

test('it passes by itself, unless it was cleared', async () => {
  const { response, leave } = await receive()
  const [passes, cleared] = [createDeadline(response, 20), createDeadline(response, 20)]
  const signals = [passes.signal, cleared.signal]
  cleared.clear()
  await expect.poll(() => signals.map(({ aborted }) => aborted)).toEqual([true, false])
  expect(passes.remainingMs()).toBe(0)
  await leave()
})
