import { expect, it } from 'vitest'
import { exampleCapacityRun, SETTLED } from '../../capacity/example-capacity-run.ts'
import { summariseCapacity } from '../../capacity/summarise-capacity.ts'
import { renderCapacityHtml } from './capacity-html.ts'
import { renderCapacityMarkdown } from './capacity-markdown.ts'
import { doubtLines } from './capacity-rows.ts'
import { renderCapacityTerminal } from './capacity-terminal.ts'
import { trialsPicture } from './trials-picture.ts'

const run = exampleCapacityRun(SETTLED)
const summary = summariseCapacity(run)

it('the terminal shows trials, interval, limit and verdict in 120 columns', () => {
  const text = renderCapacityTerminal(run, summary, { colour: false })
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  for (const part of [
    '500–505',
    'p99=300ms',
    '● met, ○ missed',
    'laws: 4 checks, none violated',
    'p99 950 ms (at most 300)',
    'none, p99=300ms: use of each station',
  ])
    expect(text).toContain(part)
  expect(text.trimEnd().split('\n').at(-1)).toContain('none, p99=300ms: 500–505')
})

it('the picture has each trial at its load, and the bounds', () => {
  const [result] = summary.results
  const lines = result ? trialsPicture(result, summary.trials, 'open').split('\n') : []
  expect(lines.map((line) => line.replace(/\s+/g, ' ').trim())).toEqual([
    '1 ● 500/s 6 s',
    '2 ● 500/s 6 s',
    '3 ○ 505/s 6 s',
    '4 ○ 505/s 6 s',
    '[ ]',
  ])
})

it('what is to be said of several searches is said once', () => {
  const [one] = summary.results
  if (one === undefined) throw new Error('a summary has results')
  const inverted = (search: number, why: string | null = null) => ({ ...one, search, why, is_inverted: true })
  const believed = 'a larger load met what a smaller one missed; the smaller one is believed'
  expect(doubtLines({ ...summary, results: [inverted(1)] })).toEqual([`none, p99=300ms: ${believed}`])
  expect(doubtLines({ ...summary, results: [inverted(1), { ...one, search: 2 }, inverted(3, 'it died')] })).toEqual([
    `none, p99=300ms, searches 1 and 3: ${believed}`,
    'none, p99=300ms, search 3: it died',
  ])
})

it('markdown and HTML say the same; nothing from a run is markup', async () => {
  const evil = { ...run, run_id: '<script>|x' }
  const markdown = renderCapacityMarkdown(evil, summary)
  expect(markdown).toContain('| none | p99=300ms | 500–505 | 500 |')
  const page = await renderCapacityHtml(evil, summary)
  expect(page).toContain('500–505')
  expect(page).not.toContain('<script>')
  expect(page).not.toMatch(/(?:src|href)="http/)
})
