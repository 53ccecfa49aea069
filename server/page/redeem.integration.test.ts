import type { Request } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser } from '../testing/test-browser.ts'
import { EMAIL, fillForm, findFocus, usePage, waitForTitle } from '../testing/test-page.ts'
import { ENGLISH } from './browser/messages-en.js'
import { CHINESE } from './browser/messages-zh.js'

const DIRECT = '**/api/v1/public/direct-redeem'

describe.skipIf(!hasBrowser('redeeming on the page'))('redeeming on the page', () => {
  const site = usePage()

  test('from the form to the sent invite, without a reload', async () => {
    const code = await site.stores().createCode()
    const { page, complaints } = await site.open()
    await page.evaluate('window.sameDocument = true')
    await site.redeem(page, code)
    expect(await page.locator('[aria-current="step"]').textContent()).toContain(ENGLISH.step_queued)
    expect(await findFocus(page)).toBe('progress-title')
    await site.move(code, 'seated')
    await waitForTitle(page, ENGLISH.seated_title)
    expect(await page.locator('[aria-current="step"]').textContent()).toContain(ENGLISH.step_seat)
    await site.move(code, 'sending')
    await waitForTitle(page, ENGLISH.sending_title)
    await site.move(code, 'sent')
    await waitForTitle(page, ENGLISH.sent_title)
    expect(await page.textContent('#progress-text')).toContain(EMAIL)
    expect(await page.title()).toContain(ENGLISH.sent_title)
    expect(await page.locator('.steps .done').count()).toBe(3)
    expect(await page.evaluate('window.sameDocument')).toBe(true)
    expect(complaints).toEqual([])
  })

  test('hears of each change by server-sent events, without asking', async () => {
    const code = await site.stores().createCode()
    const asked: string[] = []
    const { page } = await site.open()
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname))
    await site.redeem(page, code)
    await site.move(code, 'sent')
    await waitForTitle(page, ENGLISH.sent_title)
    const [row] = await site.findRows(code)
    const status = `/api/v1/public/redemptions/${row?.id}`
    expect(asked.filter((path) => path.startsWith(status))).toEqual([`${status}/events`])
  })

  test('a personal code is redeemed by the same form', async () => {
    const code = await site.stores().createCode({ kind: 'personal', maxUses: 1 })
    const { page } = await site.open()
    await site.redeem(page, code)
    expect(await site.findRows(code)).toHaveLength(1)
    await site.move(code, 'sent')
    await waitForTitle(page, ENGLISH.sent_title)
    await page.click('#again')
    expect(await page.inputValue('#code')).toBe('')
    await fillForm(page, code, 'somebody-else@example.test')
    await page.click('#submit')
    await page.locator('#refusal-title', { hasText: ENGLISH.problem_code_not_found }).waitFor()
  })

  test.each([
    ['is missing', 'delete window.EventSource'],
    ['finds nothing', "const Real = EventSource; window.EventSource = function () { return new Real('/nowhere') }"],
    ['keeps silent', 'window.EventSource = class extends EventTarget { close() {} }'],
  ])('follows the status also where EventSource %s', async (_, script) => {
    const code = await site.stores().createCode()
    const { page } = await site.open({ prepare: (page) => page.addInitScript(script) })
    await site.redeem(page, code)
    await site.move(code, 'sent')
    await waitForTitle(page, ENGLISH.sent_title)
  })

  test('follows the status also where EventSource keeps silent and somebody looks at another page meanwhile', async () => {
    const code = await site.stores().createCode()
    const silent = 'window.EventSource = class extends EventTarget { close() {} }'
    const { page } = await site.open({ prepare: (page) => page.addInitScript(silent) })
    await site.redeem(page, code)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await site.move(code, 'sent')
    await waitForTitle(page, ENGLISH.sent_title)
  })

  test('the status outlives a server that does not answer for a while', async () => {
    const code = await site.stores().createCode()
    const { page } = await site.open({ prepare: (page) => page.addInitScript('delete window.EventSource') })
    await site.redeem(page, code)
    await page.context().setOffline(true)
    await page.locator('#progress-text', { hasText: ENGLISH.trouble_hint }).waitFor()
    await site.move(code, 'sent')
    await page.context().setOffline(false)
    await waitForTitle(page, ENGLISH.sent_title)
  })

  test('a reload and the back button: the address tells what is shown, and holds nothing personal', async () => {
    const code = await site.stores().createCode()
    const { page } = await site.open()
    await site.redeem(page, code)
    const [row] = await site.findRows(code)
    expect(page.url()).toBe(`${site.url()}#${row?.id}`)
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
    )
    expect(stored).toBe('[{},{},""]')
    await page.reload()
    await waitForTitle(page, ENGLISH.queued_title)
    await site.move(code, 'sent')
    await waitForTitle(page, ENGLISH.sent_title)
    expect(await page.textContent('main')).not.toContain(EMAIL)
    await page.goBack()
    await waitForTitle(page, ENGLISH.form_title)
    await page.goForward()
    await waitForTitle(page, ENGLISH.sent_title)
  })

  test('an address of a redemption that nobody knows says so, and leads to the form', async () => {
    const { page } = await site.open({ address: '#00000000-0000-4000-8000-000000000000' })
    await waitForTitle(page, ENGLISH.unknown_title)
    await page.click('#again')
    await waitForTitle(page, ENGLISH.form_title)
    expect(page.url()).toBe(site.url())
  })

  test.each([
    ['no_seat', ENGLISH.refunded_no_seat, CHINESE.refunded_no_seat],
    ['mail_rejected', ENGLISH.refunded_mail_rejected, CHINESE.refunded_mail_rejected],
    ['deadline_passed', ENGLISH.refunded_deadline_passed, CHINESE.refunded_deadline_passed],
    ['something_new', ENGLISH.refunded_other, CHINESE.refunded_other],
  ])('refunded for %s: why, in both languages, and the same code again', async (reason, english, chinese) => {
    const code = await site.stores().createCode()
    const { page } = await site.open()
    await site.redeem(page, code)
    await site.move(code, 'refunding', reason)
    await waitForTitle(page, ENGLISH.refunding_title)
    await site.move(code, 'refunded', reason)
    await waitForTitle(page, ENGLISH.refunded_title)
    expect(await page.textContent('#progress-text')).toBe(english)
    await page.click('[data-language=zh]')
    expect(await page.textContent('#progress-text')).toBe(chinese)
    await page.click('[data-language=en]')
    await page.click('#again')
    expect(await page.inputValue('#code')).toBe(code)
    await page.click('#submit')
    await waitForTitle(page, ENGLISH.queued_title)
    expect(await site.findRows(code)).toHaveLength(2)
  })

  test('a double click is one request and one redemption', async () => {
    const code = await site.stores().createCode()
    const asked: Request[] = []
    const { page } = await site.open()
    page.on('request', (request) => request.method() === 'POST' && asked.push(request))
    await fillForm(page, code)
    await page.dblclick('#submit')
    await waitForTitle(page, ENGLISH.queued_title)
    expect(asked).toHaveLength(1)
    expect(await site.findRows(code)).toHaveLength(1)
  })

  test('while an answer is awaited, neither clicks nor the Enter key send again', async () => {
    const code = await site.stores().createCode()
    const asked: Request[] = []
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const { page } = await site.open({
      prepare: (page) =>
        page.route(DIRECT, async (route) => {
          asked.push(route.request())
          await held
          await route.continue()
        }),
    })
    await fillForm(page, code)
    await page.press('#code', 'Enter')
    await page.locator('#submit', { hasText: ENGLISH.submitting }).waitFor()
    // The button only says that it is disabled: a person's click gets through to it.
    await page.click('#submit', { force: true })
    await page.press('#code', 'Enter')
    letGo()
    await waitForTitle(page, ENGLISH.queued_title)
    expect(asked).toHaveLength(1)
  })

  test('a lost answer: the same key again, and still one redemption', async () => {
    const code = await site.stores().createCode()
    const keys: (string | undefined)[] = []
    const { page } = await site.open({
      prepare: (page) =>
        page.route(DIRECT, async (route) => {
          keys.push(route.request().headers()['idempotency-key'])
          if (keys.length > 1) return route.continue()
          await route.fetch()
          await route.abort()
        }),
    })
    await fillForm(page, code)
    await page.click('#submit')
    await page.locator('#refusal-title', { hasText: ENGLISH.problem_network }).waitFor()
    expect(await findFocus(page)).toBe('refusal')
    await page.click('#submit')
    await waitForTitle(page, ENGLISH.queued_title)
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys).toEqual([keys[0], keys[0]])
    expect(await site.findRows(code)).toHaveLength(1)
  })

  test('a browser without randomUUID makes its keys otherwise', async () => {
    const { page } = await site.open({ prepare: (page) => page.addInitScript('delete Crypto.prototype.randomUUID') })
    const asked = page.waitForRequest(DIRECT)
    await fillForm(page, await site.stores().createCode())
    await page.click('#submit')
    expect((await asked).headers()['idempotency-key']).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    await waitForTitle(page, ENGLISH.queued_title)
  })
})
