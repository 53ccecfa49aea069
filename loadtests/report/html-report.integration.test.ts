import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleRun } from '../analysis/example-run.ts'
import { summarise } from '../analysis/summarise.ts'
import { findProgram } from '../sut/find-program.ts'
import { loadTargets } from '../targets/load-targets.ts'
import { renderHtml } from './html-report.ts'

const executablePath = findProgram(['chromium', 'chromium-browser', 'google-chrome'])
if (executablePath === null) process.stderr.write('skipped: the report in a browser (no Chromium on the PATH)\n')

const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']

describe.skipIf(executablePath === null)('the report in a browser', () => {
  let browser: Browser
  let directory: string
  let url: string
  let verdict: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'redline-report-'))
    const run = exampleRun()
    const summary = summarise(run, await loadTargets())
    verdict = summary.verdict
    await writeFile(join(directory, 'report.html'), await renderHtml(run, summary))
    url = pathToFileURL(join(directory, 'report.html')).href
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ARGUMENTS })
  })
  afterAll(async () => {
    await browser?.close()
    await rm(directory, { recursive: true, force: true })
  })

  /** Opens the report and notes everything that went wrong or was asked of elsewhere. */
  async function open(options: Parameters<Browser['newPage']>[0] = {}): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage(options)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('request', (request) => request.url() !== url && complaints.push(`asked for ${request.url()}`))
    await page.goto(url)
    return { page, complaints }
  }

  it('opens offline without a complaint and draws every panel of the timeline', async () => {
    const { page, complaints } = await open()
    await page.waitForSelector('canvas')
    const sizes = await page.$$eval('canvas', (all) => all.map(({ width, height }) => width * height))
    expect(sizes.length).toBeGreaterThanOrEqual(8)
    expect(Math.min(...sizes)).toBeGreaterThan(0)
    expect(complaints).toEqual([])
  })

  it('says the verdict first', async () => {
    const { page } = await open()
    const heading = (await page.textContent('h1')) ?? ''
    expect(heading.length).toBeGreaterThan(20)
    expect(verdict.replaceAll(/\s+/g, ' ')).toContain(heading.replaceAll(/\s+/g, ' ').trim())
  })

  it('has its rates and tables also without scripts', async () => {
    const { page } = await open({ javaScriptEnabled: false })
    expect(await page.locator('svg').count()).toBeGreaterThanOrEqual(3)
    expect(await page.locator('table').count()).toBeGreaterThanOrEqual(3)
  })

  it('does not scroll sideways on a phone', async () => {
    const { page } = await open({ viewport: { width: 390, height: 844 } })
    const { content, window } = (await page.evaluate(
      '({ content: document.documentElement.scrollWidth, window: innerWidth })',
    )) as { content: number; window: number }
    expect(content).toBeLessThanOrEqual(window)
  })
})
