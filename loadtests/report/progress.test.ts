import { Writable } from 'node:stream'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { exampleRun } from '../analysis/example-run.ts'
import { createProgressReport, outlookOf, sparkline } from './progress.ts'

describe('sparkline', () => {
  it('draws each rate against the highest one', () => {
    expect(sparkline([0, 50, 100])).toBe('▁▅█')
    expect(sparkline([7])).toBe('█')
  })

  it('draws nothing out of nothing, and silence as the lowest bar', () => {
    expect(sparkline([])).toBe('')
    expect(sparkline([0, 0])).toBe('▁▁')
  })
})

describe('createProgressReport', () => {
  function report(terminal: { isTTY?: boolean; columns?: number | undefined } = {}) {
    let text = ''
    const writes: string[] = []
    const stream = new Writable({
      write(chunk, _encoding, done) {
        text += chunk
        writes.push(String(chunk))
        done()
      },
    }) as unknown as NodeJS.WriteStream
    Object.assign(stream, terminal)
    const run = exampleRun({ rounds: 1, modes: ['none', 'ceiling'] })
    return {
      run,
      progress: createProgressReport(outlookOf(run.plan), stream),
      writes,
      lines: () => text.split('\n').slice(0, -1),
    }
  }

  it('writes plain lines where there is no terminal', () => {
    const { run, progress, lines } = report()
    for (const trial of run.trials) {
      progress.begin({ round: trial.round, name: trial.mode })
      for (const sample of trial.samples) progress.sample(sample)
      progress.end(trial)
    }
    expect(lines()).toHaveLength(4)
    expect(lines()[0]).toBe('trial 1/2, round 1: none')
    expect(lines()[1]).toMatch(/^ {2}1\/2 none +\d+\/s drain paused, \d+\/s with drain, drained \d+\/s/)
    expect(lines()[2]).toMatch(/^trial 2\/2, round 1: ceiling, about .* left$/)
  })

  it.each([undefined, 40, 80, 100])('keeps the living line within a terminal of %s columns', (columns) => {
    vi.stubEnv('CI', undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { run, progress, writes } = report({ isTTY: true, columns })
    for (const trial of run.trials) {
      progress.begin({ round: trial.round, name: 'redis-semaphore' })
      for (const sample of trial.samples) progress.sample({ ...sample, accepted: 123_456, p99_ms: 1_234.5 })
    }
    const living = writes.filter((text) => text.includes('123456/s'))
    expect(living.length).toBeGreaterThan(3)
    for (const line of living) expect(line.length).toBeLessThan(columns ?? 80)
  })

  it('names a failed trial with its first line, and a broken invariant by its number', () => {
    const { run, progress, lines } = report()
    const [trial] = run.trials
    if (trial === undefined) throw new Error('the example has a trial')
    progress.end({ ...trial, status: 'failed', failure: 'server ended (SIGKILL):\nlast words' })
    progress.end({ ...trial, invariants: [{ number: 6, title: 'seats', examined: 3, broken: ['seat 1/1'] }] })
    expect(lines()[0]).toBe('  1/2 none            FAILED: server ended (SIGKILL):')
    expect(lines()[1]).toContain('BROKEN: invariant 6')
  })
})
