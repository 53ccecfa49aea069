import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { findChromium } from './find-chromium.ts'

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']

const executablePath = findChromium()

/** Whether tests with a browser can run; says so once per file when they cannot. */
export function hasBrowser(subject: string): boolean {
  if (executablePath === null) process.stderr.write(`skipped: ${subject} (no Chromium on the PATH)\n`)
  return executablePath !== null
}

export const launchBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: executablePath ?? '', args: ARGUMENTS })

/** What a strict page must never do: break its own policy, throw, or ask somebody else. */
const REPORT_VIOLATIONS = `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  console.error('Content Security Policy: ' + violatedDirective + ' ' + blockedURI))`

export interface OpenPage {
  readonly page: Page
  /** Stays empty as long as the page behaves. */
  readonly complaints: string[]
}

/** Opens a page in a context of its own. @param prepare runs before the first request */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare?: (page: Page) => Promise<unknown>,
): Promise<OpenPage> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) complaints.push(message.text())
  })
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`asked for ${request.url()}`)
  })
  await page.addInitScript(REPORT_VIOLATIONS)
  await prepare?.(page)
  await page.goto(url)
  return { page, complaints }
}

/** What axe-core finds, best practices included, as `rule: elements`. */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(', ')}`,
  )
}

/** Pixels by which the content is wider than the window. */
export const findOverflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
