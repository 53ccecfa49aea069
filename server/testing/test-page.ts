import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { ENGLISH } from '../page/browser/messages-en.js'
import type { RunningServer } from '../start-server.ts'
import { launchBrowser, type OpenPage, openPage } from './test-browser.ts'
import { startTestServer } from './test-server.ts'
import { createTestStores, type TestStores } from './test-stores.ts'

export const EMAIL = 'Ada@example.test'

export interface OpenOptions extends BrowserContextOptions {
  /** Stands behind the page's path: query or fragment. */
  readonly address?: string
  /** Runs before the first request. */
  readonly prepare?: (page: Page) => Promise<unknown>
}

/** For a whole `describe`: a server on real stores and a browser. */
export function usePage(environment: Record<string, string> = {}) {
  let stores: TestStores
  let server: RunningServer
  let browser: Browser
  beforeAll(async () => {
    stores = await createTestStores()
    server = await startTestServer(stores, environment)
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

  return {
    stores: () => stores,
    url: () => `${server.url}/invite`,
    open: ({ address = '', prepare, ...options }: OpenOptions = {}): Promise<OpenPage> =>
      openPage(browser, `${server.url}/invite${address}`, options, prepare),
    /** Fills the form, sends it and sees the queue. */
    async redeem(page: Page, code: string) {
      await fillForm(page, code)
      await page.click('#submit')
      await waitForTitle(page, ENGLISH.queued_title)
    },
    findRows: (code: string) => stores.sql<{ id: string }>('SELECT id FROM redemptions WHERE code = $1', [code]),
    /** What scheduler and worker do in the end. */
    move: (code: string, status: string, reason: string | null = null) =>
      stores.sql('UPDATE redemptions SET status = $2, refund_reason = $3 WHERE code = $1', [code, status, reason]),
  }
}

export async function fillForm(page: Page, code: string, email = EMAIL): Promise<void> {
  await page.fill('#email', email)
  await page.fill('#code', code)
}

export const waitForTitle = (page: Page, text: string): Promise<void> =>
  page.locator('h1:visible', { hasText: text }).waitFor()

/** The id of the element that has the focus. */
export const findFocus = (page: Page): Promise<string> => page.evaluate<string>('document.activeElement.id')
