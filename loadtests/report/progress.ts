import { clearLine, cursorTo } from 'node:readline'
import { formatSeconds } from '../analysis/format.ts'
import { answersOf } from '../analysis/rounds.ts'
import type { Plan, Sample, Trial } from '../run-file.ts'

/** Tells on stderr what runs and for how long still: one living line on a terminal, plain lines elsewhere. */
export interface ProgressReport {
  say(line: string): void
  begin(place: Place): void
  sample(sample: Sample): void
  end(trial: Trial): void
}

/** With a goal nobody knows how many rounds it takes: the most that there will be. */
export function outlookOf({ max_rounds, rounds, modes, width }: Plan): Outlook {
  return { trials: (max_rounds ?? rounds) * modes.length, isMost: width !== null }
}

/** Which trial begins, and what it is called. */
export interface Place {
  readonly round: number
  readonly name: string
}

export interface Outlook {
  readonly trials: number
  /** There will not be more than that, but maybe less. */
  readonly isMost: boolean
}

const BARS = '▁▂▃▄▅▆▇█'
const SPARKS = 20
/** Of a terminal that does not say how wide it is. */
const NARROW = 80

export function createProgressReport(outlook: Outlook, stream: NodeJS.WriteStream): ProgressReport {
  const isLive = stream.isTTY === true && process.env['CI'] === undefined
  const total = outlook.trials
  const startedAt = performance.now()
  let done = 0
  let current: Place | undefined
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
    return `, ${outlook.isMost ? 'at most' : 'about'} ${formatSeconds(seconds)} left`
  }

  return {
    say,
    begin(place) {
      current = place
      rates = []
      const where = `trial ${done + 1}/${total}, round ${place.round}: ${place.name}`
      if (!isLive) say(`${where}${remaining()}`)
    },
    sample(sample) {
      if (!isLive || current === undefined) return
      rates = [...rates, sample.accepted + sample.served + sample.refused].slice(-SPARKS)
      wipe()
      const latency = sample.p99_ms === null ? '' : `, p99 ${sample.p99_ms.toFixed(1)} ms`
      const waiting = sample.queue === null ? 0 : sample.queue.stream + sample.queue.outbox + sample.queue.jobs
      const queue = waiting > 0 ? `, ${waiting} on their way` : ''
      const head = `${done + 1}/${total} ${current.name} ${sample.phase}`
      const line = `${head} ${rates.at(-1) ?? 0}/s${latency}${queue}${remaining()} ${sparkline(rates)}`
      // A line that wraps could not be wiped as a whole.
      stream.write(line.slice(0, (stream.columns || NARROW) - 1))
    },
    end(trial) {
      done++
      say(describeTrial(current?.name ?? trial.mode, trial, done, total))
    },
  }
}

function describeTrial(name: string, trial: Trial, done: number, total: number): string {
  const head = `  ${String(done).padStart(String(total).length)}/${total} ${name.padEnd(15)}`
  if (trial.status !== 'ok') return `${head} ${trial.status.toUpperCase()}: ${trial.failure?.split('\n')[0]}`
  const rates = trial.loads.map((load) => {
    const rate = answersOf(load) / load.seconds
    return `${Math.round(rate)}/s ${load.name === 'paused' ? 'drain paused' : 'with drain'}`
  })
  const broken = trial.invariants.filter((check) => check.broken.length > 0).map((check) => check.number)
  // Of a load that was drained as it ran, the drain is only what was left.
  const wasPaused = trial.loads.some((load) => load.name === 'paused')
  if (wasPaused && trial.drain !== null && trial.drain.redemptions > 0)
    rates.push(`drained ${Math.round(trial.drain.redemptions / trial.drain.seconds)}/s`)
  const verdict = broken.length > 0 ? ` BROKEN: invariant ${broken.join(', ')}` : ''
  return `${head} ${rates.join(', ')} (${trial.seconds.toFixed(1)} s)${verdict}`
}

/** The last rates as bars, the highest one at full height. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values, 1)
  return values.map((value) => BARS[Math.round((value / most) * (BARS.length - 1))]).join('')
}
