import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RunningServer } from '../start-server.ts'
import { findBarriers, findOverflow, hasBrowser, launchBrowser, openPage } from '../testing/test-browser.ts'
import { startTestServer } from '../testing/test-server.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'
import { ENGLISH } from './browser/messages-en.js'
import { CHINESE } from './browser/messages-zh.js'

const EMAIL = 'Ada@example.test'
const DIRECT = '**/api/v1/public/direct-redeem'

describe.skipIf(!hasBrowser('the page in a browser'))('redeeming on the page', () => {
  let stores: TestStores
  let server: RunningServer
  let browser: Browser
  beforeAll(async () => {
    stores = await createTestStores()
    server = await startTestServer(stores)
    browser = await launchBrowser()
  })
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()))
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await stores?.close()
  })

  const open = (options = {}, prepare?: (page: Page) => Promise<unknown>, after = '') =>
    openPage(browser, `${server.url}/invite${after}`, options, prepare)
  async function fill(page: Page, code: string, email = EMAIL) {
    await page.fill('#email', email)
    await page.fill('#code', code)
  }
  const titled = (page: Page, text: string) => page.locator('h1:visible', { hasText: text }).waitFor()
  const focused = (page: Page) => page.evaluate<string>('document.activeElement.id')
  const findRows = (code: string) =>
    stores.sql<{ id: string; email: string }>('SELECT id, email FROM redemptions WHERE code = $1', [code])
  /** What scheduler and worker do in the end. */
  const move = (code: string, status: string, reason: string | null = null) =>
    stores.sql('UPDATE redemptions SET status = $2, refund_reason = $3 WHERE code = $1', [code, status, reason])
  async function redeem(page: Page, code: string) {
    await fill(page, code)
    await page.click('#submit')
    await titled(page, ENGLISH.queued_title)
  }

  test('from the form to the sent invite, without a reload', async () => {
    const code = await stores.createCode()
    const { page, complaints } = await open()
    await page.evaluate('window.sameDocument = true')
    await redeem(page, code)
    expect(await page.locator('[aria-current="step"]').textContent()).toContain(ENGLISH.step_queued)
    expect(await focused(page)).toBe('progress-title')
    await move(code, 'seated')
    await titled(page, ENGLISH.seated_title)
    expect(await page.locator('[aria-current="step"]').textContent()).toContain(ENGLISH.step_seat)
    await move(code, 'sending')
    await titled(page, ENGLISH.sending_title)
    await move(code, 'sent')
    await titled(page, ENGLISH.sent_title)
    expect(await page.textContent('#progress-text')).toContain(EMAIL)
    expect(await page.title()).toContain(ENGLISH.sent_title)
    expect(await page.locator('.steps .done').count()).toBe(3)
    expect(await page.evaluate('window.sameDocument')).toBe(true)
    expect(complaints).toEqual([])
  })

  test.each([
    ['is missing', 'delete window.EventSource'],
    ['keeps silent', 'window.EventSource = class extends EventTarget { close() {} }'],
  ])('follows the status also where EventSource %s', async (_, script) => {
    const code = await stores.createCode()
    const { page } = await open({}, (page) => page.addInitScript(script))
    await redeem(page, code)
    await move(code, 'sent')
    await titled(page, ENGLISH.sent_title)
  })

  test('the status outlives a server that does not answer for a while', async () => {
    const code = await stores.createCode()
    const { page } = await open({}, (page) => page.addInitScript('delete window.EventSource'))
    await redeem(page, code)
    await page.context().setOffline(true)
    await page.locator('#progress-text', { hasText: ENGLISH.trouble_hint }).waitFor()
    await move(code, 'sent')
    await page.context().setOffline(false)
    await titled(page, ENGLISH.sent_title)
  })

  test('a reload and the back button: the address tells what is shown, and holds nothing personal', async () => {
    const code = await stores.createCode()
    const { page } = await open()
    await redeem(page, code)
    const [row] = await findRows(code)
    expect(page.url()).toBe(`${server.url}/invite#${row?.id}`)
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])',
    )
    expect(stored).toBe('[{},{},""]')
    await page.reload()
    await titled(page, ENGLISH.queued_title)
    await move(code, 'sent')
    await titled(page, ENGLISH.sent_title)
    expect(await page.textContent('main')).not.toContain(EMAIL)
    await page.goBack()
    await titled(page, ENGLISH.form_title)
    await page.goForward()
    await titled(page, ENGLISH.sent_title)
  })

  test('an address of a redemption that nobody knows says so, and leads to the form', async () => {
    const { page } = await open({}, undefined, '#00000000-0000-4000-8000-000000000000')
    await titled(page, ENGLISH.unknown_title)
    await page.click('#again')
    await titled(page, ENGLISH.form_title)
    expect(page.url()).toBe(`${server.url}/invite`)
  })

  test.each([
    ['no_seat', ENGLISH.refunded_no_seat, CHINESE.refunded_no_seat],
    ['mail_rejected', ENGLISH.refunded_mail_rejected, CHINESE.refunded_mail_rejected],
    ['deadline_passed', ENGLISH.refunded_deadline_passed, CHINESE.refunded_deadline_passed],
    ['something_new', ENGLISH.refunded_other, CHINESE.refunded_other],
  ])('refunded for %s: why, in both languages, and the same code again', async (reason, english, chinese) => {
    const code = await stores.createCode()
    const { page } = await open()
    await redeem(page, code)
    await move(code, 'refunding', reason)
    await titled(page, ENGLISH.refunding_title)
    await move(code, 'refunded', reason)
    await titled(page, ENGLISH.refunded_title)
    expect(await page.textContent('#progress-text')).toBe(english)
    await page.click('[data-language=zh]')
    expect(await page.textContent('#progress-text')).toBe(chinese)
    await page.click('[data-language=en]')
    await page.click('#again')
    expect(await page.inputValue('#code')).toBe(code)
    await page.click('#submit')
    await titled(page, ENGLISH.queued_title)
    expect(await findRows(code)).toHaveLength(2)
  })

  test('a double click is one request and one redemption', async () => {
    const code = await stores.createCode()
    const asked: Request[] = []
    const { page } = await open()
    page.on('request', (request) => request.method() === 'POST' && asked.push(request))
    await fill(page, code)
    await page.dblclick('#submit')
    await titled(page, ENGLISH.queued_title)
    expect(asked).toHaveLength(1)
    expect(await findRows(code)).toHaveLength(1)
  })

  test('while an answer is awaited, neither clicks nor the Enter key send again', async () => {
    const code = await stores.createCode()
    const asked: Request[] = []
    let letGo = () => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const { page } = await open({}, (page) =>
      page.route(DIRECT, async (route) => {
        asked.push(route.request())
        await held
        await route.continue()
      }),
    )
    await fill(page, code)
    await page.press('#code', 'Enter')
    await page.locator('#submit', { hasText: ENGLISH.submitting }).waitFor()
    // The button only says that it is disabled: a person's click gets through to it.
    await page.click('#submit', { force: true })
    await page.press('#code', 'Enter')
    letGo()
    await titled(page, ENGLISH.queued_title)
    expect(asked).toHaveLength(1)
  })

  test('a lost answer: the same key again, and still one redemption', async () => {
    const code = await stores.createCode()
    const keys: (string | undefined)[] = []
    const { page } = await open({}, (page) =>
      page.route(DIRECT, async (route) => {
        keys.push(route.request().headers()['idempotency-key'])
        if (keys.length > 1) return route.continue()
        await route.fetch()
        await route.abort()
      }),
    )
    await fill(page, code)
    await page.click('#submit')
    await page.locator('#refusal-title', { hasText: ENGLISH.problem_network }).waitFor()
    expect(await focused(page)).toBe('refusal')
    await page.click('#submit')
    await titled(page, ENGLISH.queued_title)
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys).toEqual([keys[0], keys[0]])
    expect(await findRows(code)).toHaveLength(1)
  })

  test('a browser without randomUUID makes its keys otherwise', async () => {
    const { page } = await open({}, (page) => page.addInitScript('delete Crypto.prototype.randomUUID'))
    const asked = page.waitForRequest(DIRECT)
    await fill(page, await stores.createCode())
    await page.click('#submit')
    expect((await asked).headers()['idempotency-key']).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    await titled(page, ENGLISH.queued_title)
  })

  test('with the keyboard alone', async () => {
    const code = await stores.createCode()
    const { page } = await open()
    const visited: string[] = []
    for (let step = 0; step < 5; step++) {
      await page.keyboard.press('Tab')
      visited.push(await page.evaluate<string>('document.activeElement.dataset.language ?? document.activeElement.id'))
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
      if (visited.at(-1) === 'email') await page.keyboard.type(EMAIL)
      if (visited.at(-1) === 'code') await page.keyboard.type('WRONG-CODE')
    }
    expect(visited).toEqual(['en', 'zh', 'email', 'code', 'submit'])
    await page.keyboard.press('Enter')
    await page.locator('#refusal').waitFor()
    expect(await focused(page)).toBe('refusal')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.type(code)
    await page.keyboard.press('Enter')
    await titled(page, ENGLISH.queued_title)
    await move(code, 'sent')
    await titled(page, ENGLISH.sent_title)
    expect(await focused(page)).toBe('progress-title')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('again')
  })

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test('no barrier that axe-core knows: form, faults, refusal, progress, sent, refunded', async () => {
      const code = await stores.createCode()
      const { page } = await open({ colorScheme, reducedMotion: 'reduce' })
      expect(await findBarriers(page)).toEqual([])
      await page.click('#submit')
      await page.locator('#email-fault', { hasText: ENGLISH.email_missing }).waitFor()
      expect(await focused(page)).toBe('email')
      expect(await findBarriers(page)).toEqual([])
      await fill(page, 'NO-SUCH-CODE')
      await page.click('#submit')
      await page.locator('#refusal').waitFor()
      expect(await findBarriers(page)).toEqual([])
      await redeem(page, code)
      expect(await findBarriers(page)).toEqual([])
      await move(code, 'sent')
      await titled(page, ENGLISH.sent_title)
      expect(await findBarriers(page)).toEqual([])
      await move(code, 'refunded', 'no_seat')
      await page.reload()
      await titled(page, ENGLISH.refunded_title)
      expect(await findBarriers(page)).toEqual([])
    })
  })

  test.each(['en-GB', 'zh-CN'])('320 pixels are wide enough in %s', async (locale) => {
    const messages = locale === 'zh-CN' ? CHINESE : ENGLISH
    const { page } = await open({ locale, viewport: { width: 320, height: 640 }, hasTouch: true })
    expect(await findOverflow(page)).toBeLessThanOrEqual(0)
    for (const id of ['email', 'code']) {
      const size = await page.evaluate<string>(`getComputedStyle(document.getElementById('${id}')).fontSize`)
      expect(Number.parseFloat(size)).toBeGreaterThanOrEqual(16)
    }
    await fill(page, 'A'.repeat(64), `${'long'.repeat(16)}@example.test`)
    await page.click('#submit')
    await page.locator('#refusal').waitFor()
    expect(await findOverflow(page)).toBeLessThanOrEqual(0)
    const code = await stores.createCode()
    await page.fill('#code', code)
    await page.click('#submit')
    await titled(page, messages.queued_title)
    await move(code, 'sent')
    await titled(page, messages.sent_title)
    expect(await findOverflow(page)).toBeLessThanOrEqual(0)
  })

  test('the language: as the browser wishes, switched at once, remembered', async () => {
    const { page } = await open({ locale: 'zh-CN' })
    await titled(page, CHINESE.form_title)
    await page.click('[data-language=en]')
    await titled(page, ENGLISH.form_title)
    expect(await page.getAttribute('html', 'lang')).toBe('en')
    expect(await page.getAttribute('[data-language=en]', 'aria-pressed')).toBe('true')
    await page.reload()
    await titled(page, ENGLISH.form_title)
  })

  test('without scripts it says what is needed', async () => {
    const { page } = await open({ javaScriptEnabled: false, locale: 'zh-CN' })
    expect(await page.locator('main:visible').textContent()).toContain(CHINESE.no_script)
  })
})
