import { clearLine, cursorTo } from 'node:readline'
import { formatSeconds } from '../analysis/format.ts'
import { answersOf } from '../analysis/rounds.ts'
import type { TrialPosition } from '../measure/trial-context.ts'
import type { Plan, Sample, Trial } from '../run-file.ts'

/** Tells on stderr what runs and for how long still: one living line on a terminal, plain lines elsewhere. */
export interface ProgressReport {
  say(line: string): void
  begin(position: TrialPosition): void
  sample(sample: Sample): void
  end(trial: Trial): void
}

const BARS = '▁▂▃▄▅▆▇█'
const SPARKS = 20

export function createProgressReport(plan: Plan, stream: NodeJS.WriteStream): ProgressReport {
  const isLive = stream.isTTY === true && process.env['CI'] === undefined
  // With a goal nobody knows how many rounds it takes: the most that there will be.
  const total = (plan.max_rounds ?? plan.rounds) * plan.modes.length
  const startedAt = performance.now()
  let done = 0
  let current: TrialPosition | undefined
  let rates: number[] = []

  function say(line: string): void {
    wipe()
    stream.write(`${line}\n`)
  }

  function wipe(): void {
    if (!isLive) return
    clearLine(stream, 0)
    cursorTo(stream, 0)
  }

  /** By the mean of the trials so far; before the first one ends nobody knows. */
  function remaining(): string {
    if (done === 0) return ''
    const seconds = ((performance.now() - startedAt) / 1_000 / done) * (total - done)
    return `, ${plan.width === null ? 'about' : 'at most'} ${formatSeconds(seconds)} left`
  }

  return {
    say,
    begin(position) {
      current = position
      rates = []
      const where = `trial ${done + 1}/${total}, round ${position.round}: ${position.mode}`
      if (!isLive) say(`${where}${remaining()}`)
    },
    sample(sample) {
      if (!isLive || current === undefined) return
      rates = [...rates, sample.accepted + sample.served + sample.refused].slice(-SPARKS)
      wipe()
      const latency = sample.p99_ms === null ? '' : `, p99 ${sample.p99_ms.toFixed(1)} ms`
      const waiting = sample.queue === null ? 0 : sample.queue.stream + sample.queue.outbox + sample.queue.jobs
      const queue = waiting > 0 ? `, ${waiting} on their way` : ''
      stream.write(
        `${done + 1}/${total} ${current.mode} ${sample.phase} ${sparkline(rates)} ` +
          `${rates.at(-1) ?? 0}/s${latency}${queue}${remaining()}`.slice(0, (stream.columns ?? 100) - 40),
      )
    },
    end(trial) {
      done++
      say(describeTrial(trial, done, total))
    },
  }
}

function describeTrial(trial: Trial, done: number, total: number): string {
  const head = `  ${String(done).padStart(String(total).length)}/${total} ${trial.mode.padEnd(15)}`
  if (trial.status === 'failed') return `${head} FAILED: ${trial.failure?.split('\n')[0]}`
  const rates = trial.loads.map((load) => {
    const rate = answersOf(load) / load.seconds
    return `${Math.round(rate)}/s ${load.name === 'paused' ? 'drain paused' : 'with drain'}`
  })
  const broken = trial.invariants.filter((check) => check.broken.length > 0).map((check) => check.number)
  if (trial.drain !== null && trial.drain.redemptions > 0)
    rates.push(`drained ${Math.round(trial.drain.redemptions / trial.drain.seconds)}/s`)
  const verdict = broken.length > 0 ? ` BROKEN: invariant ${broken.join(', ')}` : ''
  return `${head} ${rates.join(', ')} (${trial.seconds.toFixed(1)} s)${verdict}`
}

/** The last rates as bars, the highest one at full height. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 1)
  return values.map((value) => BARS[Math.round((value / most) * (BARS.length - 1))]).join('')
}
