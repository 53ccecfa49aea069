import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findBarriers, findOverflow, hasBrowser } from '../testing/test-browser.ts'
import { fillForm, findFocus, usePage, waitForTitle } from '../testing/test-page.ts'
import { createTestRooms, TEST_SECRET } from '../testing/test-rooms.ts'
import { ENGLISH } from './browser/messages-en.js'
import { CHINESE } from './browser/messages-zh.js'

const ACTIVITY = '11111111-1111-4111-8111-111111111111'
const SESSION = '22222222-2222-4222-8222-222222222222'

interface Room {
  ahead: number
  pass: string | null
  problem: { status: number; code: string; retryAfter?: string } | null
}

describe.skipIf(!hasBrowser('the waiting room on the page'))('the waiting room on the page', () => {
  const site = usePage()

  /** Speaks the room's API, so that a test holds its line. @returns the visitors that entered */
  async function openRoom(page: Page, room: Room, visitors: string[] = []) {
    await page.route('**/api/v1/queue/**', (route) => {
      if (room.problem !== null) {
        const { status, code, retryAfter } = room.problem
        const headers: Record<string, string> = retryAfter === undefined ? {} : { 'Retry-After': retryAfter }
        return route.fulfill({ status, headers, json: { status, code } })
      }
      if (route.request().method() === 'POST') {
        const body = route.request().postDataJSON()
        expect(body.activity_id).toBe(ACTIVITY)
        visitors.push(body.user_hash)
        return route.fulfill({ json: { session_id: SESSION, seq: 1234 } })
      }
      const { ahead, pass } = room
      expect(new URL(route.request().url()).search).toBe(`?activity_id=${ACTIVITY}&session_id=${SESSION}`)
      const expiresAt = pass === null ? null : new Date(Date.now() + 300_000).toISOString()
      return route.fulfill({
        headers: { Date: new Date().toUTCString() },
        json: {
          seq: 1234,
          position: ahead + 1,
          ahead,
          released: 1233 - ahead,
          expected_wait_seconds: ahead * 2,
          pass,
          pass_expires_at: expiresAt,
        },
      })
    })
  }
  /** The page asks for the place in pauses of up to 15 s; nobody has to wait for them. */
  const later = (page: Page) => page.clock.fastForward(15_000)
  const waiting = (): Room => ({ ahead: 40, pass: null, problem: null })
  const open = (room: Room, visitors: string[] = [], options = {}) =>
    site.open({
      address: `?activity=${ACTIVITY}`,
      async prepare(page) {
        await page.clock.install()
        await openRoom(page, room, visitors)
      },
      ...options,
    })

  test('from the line to the form: place, people ahead, wait, and the pass is sent with the code', async () => {
    const room = waiting()
    const { page, complaints } = await open(room)
    await waitForTitle(page, ENGLISH.room_title)
    expect(await page.textContent('.ahead')).toBe('40 people ahead of you')
    expect(await page.textContent('#room-wait')).toBe('about 2 minutes')
    expect(await page.textContent('#room-number')).toBe('1,234')
    room.ahead = 1
    await later(page)
    await page.locator('.ahead', { hasText: '1 person ahead of you' }).waitFor()
    expect(await page.textContent('#room-wait')).toBe(ENGLISH.under_a_minute)
    room.pass = 'the-pass'
    await later(page)
    await waitForTitle(page, ENGLISH.form_title)
    expect(await findFocus(page)).toBe('form-title')
    expect(await page.textContent('#form-intro')).toMatch(/within [45] minutes/)
    const asked = page.waitForRequest('**/direct-redeem')
    await site.redeem(page, await site.stores().createCode())
    expect((await asked).headers()['redline-pass']).toBe('the-pass')
    expect(complaints).toEqual([])
  })

  test('a reload is the same visitor', async () => {
    const visitors: string[] = []
    const { page } = await open(waiting(), visitors)
    await waitForTitle(page, ENGLISH.room_title)
    await page.reload()
    await waitForTitle(page, ENGLISH.room_title)
    expect(visitors).toHaveLength(2)
    expect(visitors[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(visitors[1]).toBe(visitors[0])
  })

  test('a lost connection keeps the place', async () => {
    const { page } = await open(waiting())
    await waitForTitle(page, ENGLISH.room_title)
    await page.context().setOffline(true)
    await page.unroute('**/api/v1/queue/**')
    await later(page)
    await page.locator('#room-text', { hasText: ENGLISH.room_trouble }).waitFor()
    expect(await page.textContent('#room-number')).toBe('1,234')
    await openRoom(page, { ...waiting(), pass: 'the-pass' })
    await page.context().setOffline(false)
    await later(page)
    await waitForTitle(page, ENGLISH.form_title)
  })

  test.each([
    [404, 'activity_not_found', undefined, ENGLISH.room_activity_not_found, CHINESE.room_activity_not_found],
    [400, 'invalid_request', undefined, ENGLISH.room_activity_not_found, CHINESE.room_activity_not_found],
    [409, 'activity_not_open', '120', ENGLISH.room_activity_not_open, CHINESE.room_activity_not_open],
    [429, 'too_many_enters', '30', ENGLISH.room_too_many_enters, CHINESE.room_too_many_enters],
    [503, 'unavailable', '5', ENGLISH.room_unavailable, CHINESE.room_unavailable],
    [500, 'internal', '5', ENGLISH.room_other, CHINESE.room_other],
  ])('%i %s says why nobody enters, in both languages', async (status, code, retryAfter, english, chinese) => {
    const problem = { status, code, ...(retryAfter === undefined ? {} : { retryAfter }) }
    const { page } = await open({ ...waiting(), problem })
    await page.locator('#room-text', { hasText: english }).waitFor()
    await page.click('[data-language=zh]')
    expect(await page.textContent('#room-text')).toBe(chinese)
    expect(await page.locator('#room-retry').isVisible()).toBe(retryAfter !== undefined)
  })

  test('whoever was refused enters when the time has come', async () => {
    const room: Room = { ...waiting(), problem: { status: 409, code: 'activity_not_open', retryAfter: '1' } }
    const { page } = await open(room)
    await page.locator('#room-text', { hasText: ENGLISH.room_activity_not_open }).waitFor()
    room.problem = null
    await later(page)
    await page.click('#room-retry')
    await waitForTitle(page, ENGLISH.room_title)
  })

  test('a pass that is over leads back to the room, and a new one works', async () => {
    const room: Room = { ...waiting(), pass: 'old' }
    const { page } = await open(room)
    await page.route(
      '**/direct-redeem',
      (route) => route.fulfill({ status: 403, json: { status: 403, code: 'pass_invalid' } }),
      { times: 1 },
    )
    await waitForTitle(page, ENGLISH.form_title)
    const code = await site.stores().createCode()
    await fillForm(page, code)
    await page.click('#submit')
    await page.locator('#refusal-title', { hasText: ENGLISH.problem_pass_invalid }).waitFor()
    room.pass = 'new'
    await page.click('#back-to-room')
    await waitForTitle(page, ENGLISH.form_title)
    expect(await page.inputValue('#code')).toBe(code)
    const asked = page.waitForRequest('**/direct-redeem')
    await page.click('#submit')
    expect((await asked).headers()['redline-pass']).toBe('new')
    await waitForTitle(page, ENGLISH.queued_title)
  })

  test.each(['light', 'dark'] as const)('no barrier in %s, no sideways scroll at 320 pixels', async (colorScheme) => {
    const { page } = await open({ ...waiting(), ahead: 1_234_567 }, [], {
      colorScheme,
      reducedMotion: 'reduce',
      viewport: { width: 320, height: 640 },
    })
    await waitForTitle(page, ENGLISH.room_title)
    expect(await findBarriers(page)).toEqual([])
    expect(await findOverflow(page)).toBeLessThanOrEqual(0)
  })
})

describe.skipIf(!hasBrowser('a real waiting room on the page'))('a real waiting room on the page', () => {
  const site = usePage({ ADMIN_JWT_SECRET: TEST_SECRET })

  test('people in front, the turn, and the code that asks for its pass', async () => {
    const activity = await site.stores().createActivity({ releasePerSecond: 1e-6 })
    const code = await site.stores().createCode({ activityId: activity })
    const { page, complaints } = await site.open({ address: `?activity=${activity}` })
    await page.locator('.ahead', { hasText: '0 people ahead of you' }).waitFor()
    const rooms = createTestRooms(site.stores())
    onTestFinished(rooms.close)
    await rooms.change(activity, { released_before: 1 })
    await waitForTitle(page, ENGLISH.form_title)
    await site.redeem(page, code)
    expect(await site.findRows(code)).toHaveLength(1)
    expect(complaints).toEqual([])
    const { page: other } = await site.open()
    await fillForm(other, code, 'without-a-pass@example.test')
    await other.click('#submit')
    await other.locator('#refusal-title', { hasText: ENGLISH.problem_pass_required }).waitFor()
  })
})
