import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser } from '../testing/test-browser.ts'
import { fillForm, findFocus, usePage, waitForTitle } from '../testing/test-page.ts'
import { ENGLISH } from './browser/messages-en.js'
import { CHINESE } from './browser/messages-zh.js'

const DIRECT = '**/api/v1/public/direct-redeem'

/** An answer that this server gives in states that a test cannot bring about by itself. */
const answerOnce = (page: Page, status: number, code: string, headers: Record<string, string> = {}) =>
  page.route(
    DIRECT,
    (route) =>
      route.fulfill({
        status,
        headers,
        contentType: 'application/problem+json',
        body: JSON.stringify({ status, code }),
      }),
    { times: 1 },
  )

/** From here on its time passes by `runFor` alone, however long the browser is held up. */
async function stopClock(page: Page): Promise<void> {
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1_000)
}

describe.skipIf(!hasBrowser('refusals on the page'))('refusals on the page', () => {
  const site = usePage()

  async function expectRefusal(page: Page, title: keyof typeof ENGLISH, text: keyof typeof ENGLISH) {
    await page.locator('#refusal-title', { hasText: ENGLISH[title] }).waitFor()
    expect(await page.textContent('#refusal-text')).toBe(ENGLISH[text])
    expect(await findFocus(page)).toBe('refusal')
    await page.click('[data-language=zh]')
    expect(await page.textContent('#refusal-title')).toBe(CHINESE[title])
    expect(await page.textContent('#refusal-text')).toBe(CHINESE[text])
  }

  test.each<[keyof typeof ENGLISH, keyof typeof ENGLISH, () => Promise<string>]>([
    ['problem_code_not_found', 'problem_code_not_found_text', async () => 'NO-SUCH-CODE'],
    ['problem_used_up', 'problem_used_up_text', () => site.stores().createCode({ maxUses: 0 })],
    ['problem_expired', 'problem_expired_text', () => site.stores().createCode({ validUntil: new Date(0) })],
    [
      'problem_refund_pending',
      'problem_refund_pending_text',
      async () => {
        const code = await site.stores().createCode()
        const { page } = await site.open()
        await site.redeem(page, code)
        await site.move(code, 'refunding', 'no_seat')
        return code
      },
    ],
  ])('%s from the server, in both languages', async (title, text, createCode) => {
    const code = await createCode()
    const { page, complaints } = await site.open()
    await fillForm(page, code)
    await page.click('#submit')
    await expectRefusal(page, title, text)
    expect(complaints).toEqual([])
  })

  test.each<[number, string, keyof typeof ENGLISH, keyof typeof ENGLISH]>([
    [400, 'invalid_request', 'problem_invalid_request', 'problem_invalid_request_text'],
    [403, 'pass_required', 'problem_pass_required', 'problem_pass_required_text'],
    [403, 'pass_invalid', 'problem_pass_invalid', 'problem_pass_invalid_text'],
    [403, 'pass_used', 'problem_pass_used', 'problem_pass_used_text'],
    [422, 'idempotency_key_reused', 'problem_idempotency_key_reused', 'problem_idempotency_key_reused_text'],
    [429, 'rate_limited', 'problem_rate_limited', 'problem_rate_limited_text'],
    [429, 'too_many_requests', 'problem_too_many_requests', 'problem_too_many_requests_text'],
    [429, 'too_many_tries', 'problem_too_many_tries', 'problem_too_many_tries_text'],
    [503, 'unavailable', 'problem_unavailable', 'problem_unavailable_text'],
    [500, 'internal', 'problem_other', 'problem_other_text'],
  ])('%i %s in both languages', async (status, problem, title, text) => {
    const { page } = await site.open({ prepare: (page) => answerOnce(page, status, problem, { 'Retry-After': '60' }) })
    await fillForm(page, 'CODE')
    await page.click('#submit')
    await expectRefusal(page, title, text)
  })

  test('no connection, in both languages', async () => {
    const { page } = await site.open()
    await fillForm(page, 'CODE')
    await page.context().setOffline(true)
    await page.click('#submit')
    await expectRefusal(page, 'problem_network', 'problem_network_text')
  })

  test('an answer that is not ours, as a proxy gives it, is understood by its status', async () => {
    const { page } = await site.open({
      prepare: (page) => page.route(DIRECT, (route) => route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' })),
    })
    await fillForm(page, 'CODE')
    await page.click('#submit')
    await page.locator('#refusal-title', { hasText: ENGLISH.problem_unavailable }).waitFor()
  })

  test.each([
    ['', '', ENGLISH.email_missing, ENGLISH.code_missing, 'email'],
    ['ada', 'CODE', ENGLISH.email_invalid, '', 'email'],
    ['ada@example.test', 'no spaces', '', ENGLISH.code_invalid, 'code'],
    // Only the server knows that this is no address.
    ['ada..byron@example.test', 'CODE', ENGLISH.email_invalid, '', 'email'],
  ])('faulty fields are named beside them: %j, %j', async (email, code, emailFault, codeFault, focus) => {
    const { page } = await site.open()
    await fillForm(page, code, email)
    await page.click('#submit')
    await expect.poll(() => findFocus(page)).toBe(focus)
    expect([await page.textContent('#email-fault'), await page.textContent('#code-fault')]).toEqual([
      emailFault,
      codeFault,
    ])
    expect(await page.getAttribute('#email', 'aria-invalid')).toBe(emailFault === '' ? null : 'true')
    await page.type(`#${focus}`, 'x')
    expect(await page.textContent(`#${focus}-fault`)).toBe('')
  })

  test('with Retry-After the button counts down, does nothing meanwhile, and works afterwards', async () => {
    const code = await site.stores().createCode()
    const { page } = await site.open({
      async prepare(page) {
        await page.clock.install()
        await answerOnce(page, 429, 'rate_limited', { 'Retry-After': '3' })
      },
    })
    await fillForm(page, code)
    await stopClock(page)
    await page.click('#submit')
    await page.locator('#submit', { hasText: 'Try again in 3 seconds' }).waitFor()
    await page.clock.runFor(1_000)
    await page.locator('#submit', { hasText: 'Try again in 2 seconds' }).waitFor()
    await page.click('#submit', { force: true })
    await page.press('#code', 'Enter')
    expect(await site.findRows(code)).toEqual([])
    await page.clock.runFor(2_000)
    await page.locator('#form-status', { hasText: ENGLISH.can_try_again }).waitFor({ state: 'attached' })
    await page.click('#submit')
    await waitForTitle(page, ENGLISH.queued_title)
  })

  test('503 is tried again without a click for whoever waits', async () => {
    const code = await site.stores().createCode()
    const { page } = await site.open({
      async prepare(page) {
        await page.clock.install()
        await answerOnce(page, 503, 'unavailable', { 'Retry-After': '1' })
      },
    })
    await fillForm(page, code)
    await stopClock(page)
    await page.click('#submit')
    await page.locator('#submit', { hasText: 'Trying again in' }).waitFor()
    await page.clock.runFor(10_000)
    await waitForTitle(page, ENGLISH.queued_title)
    expect(await site.findRows(code)).toHaveLength(1)
  })

  test('a try by itself sends nobody who was told of the refusal to the top of the page', async () => {
    const { page } = await site.open({
      async prepare(page) {
        await page.clock.install()
        await page.route(DIRECT, (route) => route.fulfill({ status: 503, body: '' }))
      },
    })
    await fillForm(page, 'CODE')
    await stopClock(page)
    await page.click('#submit')
    await page.locator('#submit', { hasText: 'Trying again in' }).waitFor()
    expect(await findFocus(page)).toBe('refusal')
    const again = page.waitForResponse(DIRECT)
    await page.clock.runFor(10_000)
    await again
    await page.locator('#submit', { hasText: 'Trying again in' }).waitFor()
    expect(await findFocus(page)).toBe('submit')
  })

  test('503 waits for a click of whoever changes an entry', async () => {
    const code = await site.stores().createCode()
    const { page } = await site.open({
      async prepare(page) {
        await page.clock.install()
        await answerOnce(page, 503, 'unavailable')
      },
    })
    await fillForm(page, 'ANOTHER')
    await stopClock(page)
    await page.click('#submit')
    await page.locator('#submit', { hasText: 'Trying again in' }).waitFor()
    await page.fill('#code', code)
    await page.clock.runFor(10_000)
    await page.locator('#form-status', { hasText: ENGLISH.can_try_again }).waitFor({ state: 'attached' })
    expect(await site.findRows(code)).toEqual([])
    await page.click('#submit')
    await waitForTitle(page, ENGLISH.queued_title)
  })
})
