import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type DocumentedServer, startDocumentedServer } from '../testing/documented-server.ts'
import { hasBrowser, launchBrowser, openPage } from '../testing/test-browser.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

describe('the docs page', () => {
  let stores: TestStores
  let server: DocumentedServer
  beforeAll(async () => {
    stores = await createTestStores()
    server = await startDocumentedServer(stores)
  })
  afterAll(async () => {
    await server.close()
    await stores.close()
  })

  test('comes with a strict policy, and so do its files', async () => {
    for (const path of ['/docs', '/docs/start.js', '/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js']) {
      const response = await fetch(new URL(path, server.url))
      expect(response.status, path).toBe(200)
      const policy = response.headers.get('content-security-policy') ?? ''
      expect(policy, path).toContain("default-src 'none'")
      expect(policy, path).not.toContain('unsafe')
      expect(response.headers.get('x-content-type-options'), path).toBe('nosniff')
      await response.arrayBuffer()
    }
    expect((await fetch(new URL('/docs/package.json', server.url))).status).toBe(404)
  })

  test.runIf(hasBrowser('the docs page in a browser'))(
    'shows every operation, asks nobody else and breaks no rule of its policy',
    async () => {
      const browser = await launchBrowser()
      onTestFinished(() => browser.close())
      const { page, complaints } = await openPage(browser, new URL('/docs', server.url).href)
      await page.waitForSelector('.opblock')
      const operations = Object.values(server.api.document.paths).flatMap((item) => Object.keys(item))
      expect(await page.locator('.opblock').count()).toBe(operations.length)
      await page.click('#operations-Redeem-redeemShared button')
      await page.waitForSelector('#operations-Redeem-redeemShared .responses-table')
      expect(complaints).toEqual([])
    },
  )
})
