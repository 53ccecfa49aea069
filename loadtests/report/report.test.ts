import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { exampleHistogram, exampleRun } from '../analysis/example-run.ts'
import { summarise } from '../analysis/summarise.ts'
import type { Load, Run } from '../run-file.ts'
import { GUIDE_TARGETS, loadTargets } from '../targets/load-targets.ts'
import { renderHtml } from './html-report.ts'
import { renderJunit } from './junit-report.ts'
import { renderMarkdown } from './markdown-report.ts'
import { renderTerminal } from './terminal-report.ts'

const HOSTILE = '</script><img src=x onerror=alert(1)>'

async function summaryOf(run: Run) {
  return summarise(run, await loadTargets(GUIDE_TARGETS))
}

/** A run in which names, ids and failures try to become markup, a trial failed and two checks are not in order. */
function hostileRun(): Run {
  const run = exampleRun({ rounds: 2 })
  const trials = run.trials.map((trial): Run['trials'][number] => {
    const [first, second, ...rest] = trial.invariants
    if (trial.mode === 'none') return { ...trial, status: 'failed', failure: HOSTILE }
    if (!first || !second) return trial
    return { ...trial, invariants: [{ ...first, broken: [HOSTILE] }, { ...second, examined: 0 }, ...rest] }
  })
  return { ...run, run_id: HOSTILE, environment: { ...run.environment, cpu: HOSTILE, notes: [HOSTILE] }, trials }
}

/** Rates and latencies with as many digits as a big machine would give, of two rounds, so that no result is valid. */
function fastRun(): Run {
  const run = exampleRun({ rounds: 2 })
  const faster = (load: Load) => ({ ...load, accepted: load.accepted * 12, histogram: exampleHistogram([1200, 9800]) })
  return { ...run, trials: run.trials.map((trial) => ({ ...trial, loads: trial.loads.map(faster) })) }
}

/** Almost everybody is refused, and nobody watched the stores. */
function soldOutRun(): Run {
  const run = exampleRun()
  const refuse = (load: Load) => ({ ...load, accepted: 10, refused: load.accepted })
  const trials = run.trials.map((trial): Run['trials'][number] => ({
    ...trial,
    loads: trial.mode === 'ceiling' ? trial.loads : trial.loads.map(refuse),
    work: trial.work && { ...trial.work, wal_bytes: null, wal_full_page_bytes: null, accept_cpu_ms: {} },
  }))
  return { ...run, trials }
}

describe('where almost everybody is refused', () => {
  it('ranks by answers, leaves the cost out and shows a dash for what is unknown', async () => {
    const run = soldOutRun()
    const summary = await summaryOf(run)
    const page = await renderHtml(run, summary)
    const text = renderMarkdown(run, summary)
    expect(page).toMatch(/<span>answered most<\/span><strong>[\d,]+<\/strong><small>token-bucket, .* × ceiling/)
    for (const report of [page, text]) expect(report).toContain('A cost per redemption says nothing')
    expect(text).toMatch(/\| token-bucket \| [^|]+ \| 0\.\d\d \| – \| – \|/)
    expect(text).toContain('CPU ms per answer')
    expect(text).not.toContain('WAL (full pages)')
  })
})

/** Five times as many status polls as redemptions, at a pace that the scenario sets. */
function pacedRun(): Run {
  const run = exampleRun({ modes: ['none', 'token-bucket'] })
  const poll = (load: Load): Load => {
    const status = { answers: 5 * load.accepted, histogram: exampleHistogram([2, 3]) }
    const redeem = { answers: load.accepted, histogram: load.histogram }
    return { ...load, served: 5 * load.accepted, steps: { redeem, status } }
  }
  const trials = run.trials.map((trial) => ({ ...trial, scenario: 'status-poll', loads: trial.loads.map(poll) }))
  return { ...run, plan: { ...run.plan, scenario: 'status-poll', paced: true }, trials }
}

describe('where the scenario sets the pace', () => {
  it('does not call a mode the fastest that fails its requests, and pairs it with no other', async () => {
    const run = pacedRun()
    const fail = (load: Load): Load => ({ ...load, errors: load.accepted })
    const trials = run.trials.map((trial) =>
      trial.mode === 'token-bucket' ? { ...trial, loads: trial.loads.map(fail) } : trial,
    )
    const summary = await summaryOf({ ...run, trials })
    expect(summary.verdict).toMatch(
      /^At the scenario's own pace none had the shortest p99: [\d.]+ ms\. token-bucket failed \d[\d.]* % of its requests, so its latencies do not count\./,
    )
    expect(summary.pairs).toEqual([])
  })

  it('ranks by latency, tells each kind of request, and holds it against no target of other scenarios', async () => {
    const run = pacedRun()
    const summary = await summaryOf(run)
    expect(summary.verdict).toMatch(
      /^At the scenario's own pace token-bucket had the shortest p99: [\d.]+ ms, the next one, none, [\d.]+ × as long\./,
    )
    expect(summary.results.map(({ steps }) => steps.map(({ step, answers }) => [step, answers > 0]))).toEqual(
      Array(2).fill([
        ['redeem', true],
        ['status', true],
      ]),
    )
    const terminal = renderTerminal(run, summary, { colour: false })
    expect(terminal).toMatch(/token-bucket: [\d,]+ accepted\/s; redeem [\d.]+ \/ [\d.]+, status poll 2\.00 \/ 3\.00/)
    expect(terminal).toMatch(/not applicable to this scenario: token-bucket reaches most of the ceiling/)
    expect(renderMarkdown(run, summary)).toMatch(/\| none, status poll \| 2\.00 \|/)
    const page = await renderHtml(run, summary)
    expect(page).toContain('shortest p99')
    expect(page).toContain('– not applicable')
    expect(renderJunit(summary)).toMatch(/<skipped message="[^"]*it is about hot-code/)
    expect(summary.targets.filter(({ verdict }) => verdict === 'missed')).toEqual([])
  })
})

describe('the interval', () => {
  it('is called what it is', async () => {
    const text = async (rounds: number) => {
      const run = exampleRun({ rounds })
      return renderMarkdown(run, await summaryOf(run))
    }
    expect(await text(5)).toContain('with 5 rounds it is their whole range and covers 94 %.')
    expect(await text(3)).toContain('with 3 rounds it is their whole range and covers 75 %.')
    expect(await text(1)).toContain('one round has none.')
  })
})

describe('the terminal report', () => {
  it('fits 120 columns, and ends with the verdict', async () => {
    for (const run of [exampleRun(), hostileRun(), fastRun(), soldOutRun()]) {
      const summary = await summaryOf(run)
      const text = renderTerminal(run, summary, { colour: false })
      expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120)
      expect(text.split('\n').slice(-8).join(' ')).toContain(summary.verdict)
    }
  })

  it('says the same without colours', async () => {
    const run = exampleRun()
    const summary = await summaryOf(run)
    const plain = renderTerminal(run, summary, { colour: false })
    const coloured = renderTerminal(run, summary, { colour: true })
    expect(stripVTControlCharacters(plain)).toBe(plain)
    expect(coloured).not.toBe(plain)
    expect(stripVTControlCharacters(coloured).replaceAll(/ +$/gm, '')).toBe(plain)
  })

  it('marks what broke, what examined nothing and what is not valid', async () => {
    const run = hostileRun()
    const text = renderTerminal(run, await summaryOf(run), { colour: false })
    expect(text).toContain('1 BROKEN')
    expect(text).toContain('examined nothing: not passed')
    expect(text).toMatch(/\* none is INVALID: no trial succeeded/)
  })
})

describe('each two modes', () => {
  const goal = (run: Run): Run => ({ ...run, plan: { ...run.plan, width: 0.05, max_rounds: 30 } })

  it('stand with verdict, interval and what would have been seen, in all reports', async () => {
    const run = exampleRun({ rounds: 6, modes: ['none', 'token-bucket'] })
    const summary = await summaryOf(run)
    const text = renderTerminal(run, summary, { colour: false })
    expect(text).toMatch(/none : token-bucket +slower +0\.\d+ \(0\.\d+–0\.\d+\) +± [\d.]+ %/)
    expect(renderMarkdown(run, summary)).toMatch(/\| none : token-bucket \| slower \|/)
    expect(await renderHtml(run, summary)).toContain('<section id="pairs">')
    expect(text).not.toContain('Goal:')
  })

  it('say why a run with a goal ended, and how many rounds it took', async () => {
    const run = {
      ...goal(exampleRun({ rounds: 6 })),
      stopped_because: 'the intervals were narrow enough',
    } satisfies Run
    const text = renderTerminal(run, await summaryOf(run), { colour: false })
    expect(text).toContain('to ± 5 %; it ended because the intervals were narrow enough.')
    expect(text).toContain('6 rounds of')
  })

  it('are left out where there is only one', async () => {
    const run = exampleRun({ rounds: 6, modes: ['none', 'ceiling'] })
    expect(await renderHtml(run, await summaryOf(run))).not.toContain('id="pairs"')
  })
})

describe('report.html', () => {
  it('is one file that asks the network for nothing and stays under 1.5 MB', async () => {
    const run = exampleRun({ rounds: 10 })
    const page = await renderHtml(run, await summaryOf(run))
    expect(page.length).toBeLessThan(1_500_000)
    expect(page).not.toMatch(/\b(src|href)=|@import|url\(|\bfetch\(/)
  })

  it('lets nothing from a run become markup', async () => {
    const run = hostileRun()
    const page = await renderHtml(run, await summaryOf(run))
    expect(page).not.toContain('<img')
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    expect(page).toContain('&lt;/script&gt;')
  })

  it('carries its data unchanged', async () => {
    const run = exampleRun({ rounds: 1 })
    const page = await renderHtml(run, await summaryOf(run))
    const data = /id="timeline-data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
    expect(JSON.parse(data)[0]).toMatchObject({
      mode: 'none',
      round: 1,
      phases: [
        { name: 'warm-up', from: 0, to: 3 },
        { name: 'paused', from: 3, to: 13 },
        { name: 'drain', from: 13, to: 19 },
        { name: 'running', from: 19, to: 29 },
        { name: 'burst', from: 29, to: 30 },
      ],
    })
  })

  it('renders a run without samples, work or trials', async () => {
    const bare = exampleRun({ rounds: 1 })
    const trials = bare.trials.map((trial) => ({ ...trial, samples: [], work: null, loads: [], invariants: [] }))
    for (const run of [
      { ...bare, trials },
      { ...bare, trials: [] },
    ]) {
      expect(await renderHtml(run, await summaryOf(run))).toContain('No samples were kept.')
    }
  })
})

describe('report.md', () => {
  it('holds verdict, modes, targets, environment and the line that repeats the run', async () => {
    const run = exampleRun()
    const summary = await summaryOf(run)
    const text = renderMarkdown(run, summary)
    expect(text).toContain(`**${summary.verdict}**`)
    expect(text).toMatch(/\| token-bucket \| [\d,]+ \(/)
    expect(text).toContain('| not measurable here |')
    expect(text).toContain(run.repeat_with)
  })

  it('keeps tables whole', async () => {
    const run = hostileRun()
    const text = renderMarkdown({ ...run, run_id: 'a|b' }, await summaryOf(run))
    expect(text).not.toContain('<img')
  })
})

describe('junit.xml', () => {
  it('has a case for every validity, invariant and target, and counts them', async () => {
    const run = exampleRun()
    const summary = await summaryOf(run)
    const xml = renderJunit(summary)
    const expected = 5 + 40 + summary.targets.length + 1
    expect(xml.match(/<testcase /g)).toHaveLength(expected)
    expect(xml).toContain(`tests="${expected}" failures="2" skipped="8"`)
  })

  it('escapes what it is given', async () => {
    const xml = renderJunit(await summaryOf(hostileRun()))
    expect(xml).not.toContain('<img')
    expect(xml).toContain('<failure message="&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"/>')
  })
})
