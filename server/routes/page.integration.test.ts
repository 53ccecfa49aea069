import { request as httpRequest, type IncomingMessage } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningServer } from '../start-server.ts'
import { startTestServer } from '../testing/test-server.ts'
import { createTestStores, type TestStores } from '../testing/test-stores.ts'

describe('the routes of the page', () => {
  let stores: TestStores
  let server: RunningServer
  beforeAll(async () => {
    stores = await createTestStores()
    server = await startTestServer(stores)
  })
  afterAll(async () => {
    await server?.close()
    await stores?.close()
  })

  /** By node:http: `fetch` would undo the compression. */
  async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(new URL(path, server.url), { headers, method }, resolve).on('error', reject).end()
    })
    const body = Buffer.concat(await response.toArray())
    return { status: response.statusCode, headers: response.headers, body }
  }
  async function listAssets(): Promise<string[]> {
    const { body } = await get('/invite')
    return [...body.toString().matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url ?? '')
  }

  test('who comes to the bare address is sent to the page', async () => {
    expect(await get('/')).toMatchObject({ status: 303, headers: { location: '/invite' } })
  })

  test('the HTML is asked for anew each time, and not sent again unchanged', async () => {
    const first = await get('/invite')
    expect(first.status).toBe(200)
    expect(first.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' })
    const etag = first.headers.etag ?? ''
    expect(etag).toMatch(/^"[0-9a-f]{16}-identity"$/)
    const again = await get('/invite', { 'If-None-Match': etag })
    expect(again).toMatchObject({ status: 304, body: Buffer.alloc(0) })
    expect(again.headers['content-security-policy']).toBe(first.headers['content-security-policy'])
    expect((await get('/invite', { 'If-None-Match': etag, 'Accept-Language': 'zh' })).status).toBe(200)
  })

  test.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['zh-TW', 'zh'],
    ['en-US,en;q=0.9,zh;q=0.5', 'en'],
    ['de', 'en'],
    ['*', 'en'],
  ])('Accept-Language %s is answered in %s', async (wanted, language) => {
    const { headers, body } = await get('/invite', { 'Accept-Language': wanted })
    expect(headers['content-language']).toBe(language)
    expect(headers.vary).toBe('Accept-Language, Accept-Encoding')
    expect(body.toString()).toContain(`<html lang="${language}">`)
  })

  test('no outside resource, no inline script or style, no frame', async () => {
    const { headers, body } = await get('/invite')
    const policy = String(headers['content-security-policy']).split(';')
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ])
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
    expect(headers['strict-transport-security']).toBeUndefined()
    expect(body.toString()).not.toMatch(/https?:|<style|style="|<script(?![^>]* src=)| on\w+="/)
  })

  test('assets are kept for ever, under names that carry their hash', async () => {
    const assets = await listAssets()
    expect(assets.length).toBeGreaterThan(10)
    for (const path of assets) {
      const { status, headers } = await get(path)
      expect([path, status]).toEqual([path, 200])
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
      expect(headers['content-type']).toMatch(/^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/)
      expect(path).toContain(String(headers.etag).slice(1, 17))
      expect(headers['referrer-policy']).toBe('no-referrer')
    }
  })

  test.each([
    ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['gzip, br;q=0', 'gzip', gunzipSync],
    ['identity', undefined, (body: Buffer) => body],
  ])('Accept-Encoding %s gets %s', async (accepted, encoding, decode) => {
    for (const path of ['/invite', ...(await listAssets())]) {
      const plain = await get(path)
      const { headers, body } = await get(path, { 'Accept-Encoding': accepted })
      expect(headers['content-encoding']).toBe(encoding)
      expect(headers.vary).toContain('Accept-Encoding')
      expect(Number(headers['content-length'])).toBe(body.length)
      expect(decode(body).equals(plain.body)).toBe(true)
      if (encoding !== undefined) expect(headers.etag).not.toBe(plain.headers.etag)
    }
  })

  test('HEAD tells the same without the body', async () => {
    const [{ headers }, head] = [await get('/invite'), await get('/invite', {}, 'HEAD')]
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    expect(head.headers['content-length']).toBe(headers['content-length'])
  })

  test('an unknown or outdated asset is a 404 that nobody keeps', async () => {
    for (const name of ['main.js', 'main-0000000000000000.js', '..%2finvite.html']) {
      const { status, headers } = await get(`/invite/assets/${name}`)
      expect(status).toBe(404)
      expect(headers['cache-control']).toBeUndefined()
    }
  })
})
