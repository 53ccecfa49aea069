import { UsageError } from '../errors.ts'
import type { Point } from '../points/points-file.ts'
import type { LimiterMode } from '../run-file.ts'
import { KNOBS, type KnobName, spreadPoint, type Variation } from '../sweep/knobs.ts'
import { DEFAULTS, OPEN_LOOP, QUICK } from './make-plan.ts'
import { formatRate, type RateChoice } from './rate-option.ts'
import { profileOf, type SystemChoices } from './system-options.ts'

export interface SweepChoices extends SystemChoices {
  vary: Variation[]
  mode: LimiterMode
  connections?: number
  codes: number
  rate?: RateChoice
  drain: Point['drain']
  rounds?: number
  duration?: number
  warmUp?: number
  quick: boolean
}

/** More points than these are hours. */
const MOST_POINTS = 100

/** @param isGiven whether somebody chose the option, as opposed to its default. @throws UsageError when choices contradict each other */
export function planSweep(choices: SweepChoices, isGiven: (option: KnobName) => boolean): Point[] {
  const { vary, mode, rate } = choices
  refuseContradictions(choices, isGiven)
  const length = choices.quick ? QUICK : DEFAULTS
  const people = rate === undefined ? DEFAULTS.connections : OPEN_LOOP.connections
  const duration = rate === undefined ? length.duration : choices.quick ? QUICK.duration : OPEN_LOOP.duration
  const base: Point = {
    name: 'all',
    mode,
    profile: profileOf(choices),
    codes: choices.codes,
    polls: 0,
    think_ms: 0,
    connections: choices.connections ?? people,
    arrivals: rate ?? null,
    db_latency_ms: choices.dbLatency,
    redis_latency_ms: choices.redisLatency,
    drain: choices.drain,
    warm_up: length.warmUp,
    warm_up_people: choices.warmUp ?? length.warmUpPeople,
    duration: choices.duration ?? duration,
  }
  const points = spreadPoint(base, vary)
  if (points.length > MOST_POINTS)
    throw new UsageError(
      `--vary makes ${points.length} points, of which at most ${MOST_POINTS} are possible: leave some values out.`,
    )
  return points
}

export function roundsOf({ rounds, quick }: Pick<SweepChoices, 'rounds' | 'quick'>): number {
  return rounds ?? (quick ? QUICK : DEFAULTS).rounds
}

function refuseContradictions({ vary, rate }: SweepChoices, isGiven: (option: KnobName) => boolean): void {
  if (vary.length === 0)
    throw new UsageError(
      '--vary says what is varied, such as --vary pool=5,10,20 (or --profiles for the guide’s two boxes).',
    )
  if (vary.length > 2)
    throw new UsageError(
      `--vary was given ${vary.length} knobs (${vary.map(({ knob }) => knob).join(', ')}): two at most, or nobody can look at it.`,
    )
  const [first, second] = vary
  if (first?.knob === second?.knob)
    throw new UsageError(`--vary was given ${first?.knob} twice: put all its values into one list.`)
  for (const { knob } of vary)
    if (isGiven(knob))
      throw new UsageError(`${knob} is varied, so that --${knob} contradicts it: leave one of them out.`)
  if (rate !== undefined && vary.some(({ knob }) => knob === 'connections'))
    throw new UsageError(
      'in an open loop (--rate) connections are only a bound: vary something else, or leave --rate out.',
    )
}

/** The command line that repeats this sweep: everything that was decided, by name. */
export function describeSweep(choices: SweepChoices & { seed: number }, points: readonly Point[]): string {
  const [point] = points
  if (point === undefined) throw new RangeError('a sweep without points')
  const varied = new Set<string>(choices.vary.map(({ knob }) => knob))
  const words: [string, string | number][] = [
    ...choices.vary.map(({ knob, values }): [string, string] => ['vary', `${knob}=${values.join(',')}`]),
    ['mode', choices.mode],
    ...Object.entries(KNOBS).flatMap(([name, knob]): [string, number][] =>
      varied.has(name) ? [] : [[name, knob.read(point)]],
    ),
    ...(choices.rate === undefined ? [] : [['rate', formatRate(choices.rate)] as [string, string]]),
    ['drain', point.drain],
    ['duration', point.duration],
    ['rounds', roundsOf(choices)],
    ['seed', choices.seed],
    ...(point.db_latency_ms > 0 ? [['db-latency', `${point.db_latency_ms}ms`] as [string, string]] : []),
    ...(point.redis_latency_ms > 0 ? [['redis-latency', `${point.redis_latency_ms}ms`] as [string, string]] : []),
  ]
  const flags = [...(choices.quick ? ['--quick'] : []), ...(choices.allowNonempty ? ['--allow-nonempty'] : [])]
  return ['npm run sweep --', ...flags, ...words.map(([name, value]) => `--${name} ${value}`)].join(' ')
}
