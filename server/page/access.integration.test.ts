import { describe, expect, test } from 'vitest'
import { findBarriers, findOverflow, hasBrowser } from '../testing/test-browser.ts'
import { EMAIL, fillForm, findFocus, usePage, waitForTitle } from '../testing/test-page.ts'
import { ENGLISH } from './browser/messages-en.js'
import { CHINESE } from './browser/messages-zh.js'

describe.skipIf(!hasBrowser('the page for everybody'))('the page for everybody', () => {
  const site = usePage()

  test('with the keyboard alone', async () => {
    const code = await site.stores().createCode()
    const { page } = await site.open()
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
    expect(await findFocus(page)).toBe('refusal')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.type(code)
    await page.keyboard.press('Enter')
    await waitForTitle(page, ENGLISH.queued_title)
    await site.move(code, 'sent')
    await waitForTitle(page, ENGLISH.sent_title)
    expect(await findFocus(page)).toBe('progress-title')
    await page.keyboard.press('Tab')
    expect(await findFocus(page)).toBe('again')
  })

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test('no barrier that axe-core knows: form, faults, refusal, progress, sent, refunded', async () => {
      const code = await site.stores().createCode()
      const { page } = await site.open({ colorScheme, reducedMotion: 'reduce' })
      expect(await findBarriers(page)).toEqual([])
      await page.click('#submit')
      await page.locator('#email-fault', { hasText: ENGLISH.email_missing }).waitFor()
      expect(await findFocus(page)).toBe('email')
      expect(await findBarriers(page)).toEqual([])
      await fillForm(page, 'NO-SUCH-CODE')
      await page.click('#submit')
      await page.locator('#refusal').waitFor()
      expect(await findBarriers(page)).toEqual([])
      await site.redeem(page, code)
      expect(await findBarriers(page)).toEqual([])
      await site.move(code, 'sent')
      await waitForTitle(page, ENGLISH.sent_title)
      expect(await findBarriers(page)).toEqual([])
      await site.move(code, 'refunded', 'no_seat')
      await page.reload()
      await waitForTitle(page, ENGLISH.refunded_title)
      expect(await findBarriers(page)).toEqual([])
    })
  })

  test.each(['en-GB', 'zh-CN'])('320 pixels are wide enough in %s', async (locale) => {
    const messages = locale === 'zh-CN' ? CHINESE : ENGLISH
    const { page } = await site.open({ locale, viewport: { width: 320, height: 640 }, hasTouch: true })
    expect(await findOverflow(page)).toBeLessThanOrEqual(0)
    for (const id of ['email', 'code']) {
      const size = await page.evaluate<string>(`getComputedStyle(document.getElementById('${id}')).fontSize`)
      expect(Number.parseFloat(size)).toBeGreaterThanOrEqual(16)
    }
    await fillForm(page, 'A'.repeat(64), `${'long'.repeat(16)}@example.test`)
    await page.click('#submit')
    await page.locator('#refusal').waitFor()
    expect(await findOverflow(page)).toBeLessThanOrEqual(0)
    const code = await site.stores().createCode()
    await page.fill('#code', code)
    await page.click('#submit')
    await waitForTitle(page, messages.queued_title)
    await site.move(code, 'sent')
    await waitForTitle(page, messages.sent_title)
    expect(await findOverflow(page)).toBeLessThanOrEqual(0)
  })

  test('the language: as the browser wishes, switched at once, remembered', async () => {
    const { page } = await site.open({ locale: 'zh-CN' })
    await waitForTitle(page, CHINESE.form_title)
    await page.click('[data-language=en]')
    await waitForTitle(page, ENGLISH.form_title)
    expect(await page.getAttribute('html', 'lang')).toBe('en')
    expect(await page.getAttribute('[data-language=en]', 'aria-pressed')).toBe('true')
    await page.reload()
    await waitForTitle(page, ENGLISH.form_title)
  })

  test('without scripts it says what is needed', async () => {
    const { page } = await site.open({ javaScriptEnabled: false, locale: 'zh-CN' })
    expect(await page.locator('main:visible').textContent()).toContain(CHINESE.no_script)
  })
})
