import express from 'express'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { closeServer, listen } from '../listen.ts'
import { type InviteJob, openInviteQueue } from '../queue/invite-queue.ts'
import type { OpenQueue } from '../queue/open-queue.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { createBoard } from './board.ts'

const PASSWORD = 'correct horse battery'
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

describe('the board', () => {
  let stores: TestStores
  let open: OpenQueue<InviteJob>
  beforeAll(async () => {
    stores = await createTestStores()
    open = await openInviteQueue(stores.keys, stores.connection)
    await open.queue.add({}, { jobId: 'some-job', delay: 3_600_000 })
  })
  afterAll(async () => {
    await open.close()
    await stores.close()
  })

  async function start(isWritable = false) {
    const board = createBoard({ queues: [open.queue], password: PASSWORD, isWritable })
    const { server, url } = await listen(express().use(board), { port: 0, host: '127.0.0.1' })
    onTestFinished(() => closeServer(server))
    return (path: string, init: RequestInit = {}) =>
      fetch(new URL(path, url), { ...init, headers: { ...basic('admin', PASSWORD), ...init.headers } })
  }
  const PROMOTE = '/board/api/queues/invite/some-job/promote'

  test.each([
    ['nothing', { authorization: '' }],
    ['another user', basic('root', PASSWORD)],
    ['another password', basic('admin', `${PASSWORD}!`)],
    ['no password', basic('admin', '')],
    ['another scheme', { authorization: `Bearer ${PASSWORD}` }],
  ])('%s: 401, for the page, its parts and its API', async (_, headers) => {
    const ask = await start()
    for (const path of ['/board', '/board/static/js/none.js', '/board/api/queues']) {
      const answer = await ask(path, { headers })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
    }
  })

  test('shows the queue to who has the password, under a strict policy', async () => {
    const ask = await start()
    const page = await ask('/board')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self';")
    const script = /src="(static\/js\/main[^"]+)"/.exec(await page.text())?.[1]
    expect((await ask(`/board/${script}`)).status).toBe(200)
    const { queues } = (await (await ask('/board/api/queues?activeQueue=invite&status=delayed')).json()) as {
      queues: { name: string; readOnlyMode: boolean; jobs: { id: string }[] }[]
    }
    expect(queues).toMatchObject([{ name: 'invite', readOnlyMode: true, jobs: [{ id: 'some-job' }] }])
  })

  test('read-only: no action is taken', async () => {
    const ask = await start()
    for (const [method, path] of [
      ['PUT', PROMOTE],
      ['PUT', '/board/api/queues/invite/some-job/clean'],
      ['PUT', '/board/api/queues/pause'],
      ['POST', '/board/api/queues/invite/add'],
    ] as const) {
      const answer = await ask(path, { method })
      expect(answer.status).toBe(405)
      expect(await answer.json()).toMatchObject({ code: 'read_only' })
    }
    expect(await (await open.queue.getJob('some-job'))?.getState()).toBe('delayed')
    expect(await open.queue.isPaused()).toBe(false)
  })

  test('writable: actions are taken, but not for another site', async () => {
    const ask = await start(true)
    const foreign = await ask(PROMOTE, { method: 'PUT', headers: { 'sec-fetch-site': 'cross-site' } })
    expect(foreign.status).toBe(403)
    expect(await (await open.queue.getJob('some-job'))?.getState()).toBe('delayed')
    expect((await ask(PROMOTE, { method: 'PUT' })).status).toBe(204)
    expect(await (await open.queue.getJob('some-job'))?.getState()).toBe('waiting')
  })
})
