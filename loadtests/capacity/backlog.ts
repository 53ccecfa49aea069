import type { Sample, Trial } from '../run-file.ts'

/** A backlog that grows by less than this share of what comes is noise. */
const GROWTH_SHARE = 0.05
/** What comes within so many seconds is on its way, not waiting; … */
const UNDER_WAY_SECONDS = 0.25
/** … and more than so many are a backlog, whether it grows or not. */
const MOST_SECONDS = 1
/** Fewer samples have no slope. */
const MINIMUM_SAMPLES = 4

export interface Backlog {
  /** Redemptions that wait behind the acceptance when the load ends. */
  readonly atEnd: number
  /** Per second; null with too few samples. */
  readonly growth: number | null
  readonly keepsUp: boolean
}

/** Whether what drains keeps up with what comes, while both go on; null where nothing drains, or nobody tells. */
export function readBacklog({ loads, samples }: Pick<Trial, 'loads' | 'samples'>): Backlog | null {
  const [load] = loads
  const points = samples.flatMap(({ phase, t, queue }) =>
    phase === 'running' && queue ? [{ t, waiting: waitingIn(queue) }] : [],
  )
  const last = points.at(-1)
  if (load === undefined || load.name !== 'running' || load.seconds === 0 || last === undefined) return null
  const perSecond = load.accepted / load.seconds
  // The first second fills the pipeline.
  const settled = points.slice(1)
  const growth = settled.length < MINIMUM_SAMPLES ? null : slopeOf(settled)
  const grows = growth !== null && growth > GROWTH_SHARE * perSecond && last.waiting > UNDER_WAY_SECONDS * perSecond
  return { atEnd: last.waiting, growth, keepsUp: !grows && last.waiting <= MOST_SECONDS * perSecond }
}

function waitingIn({ stream, outbox, jobs }: NonNullable<Sample['queue']>): number {
  return stream + outbox + jobs
}

/** Least squares. */
function slopeOf(points: readonly { t: number; waiting: number }[]): number {
  const mean = (read: (point: { t: number; waiting: number }) => number) =>
    points.reduce((sum, point) => sum + read(point), 0) / points.length
  const [t, waiting] = [mean((point) => point.t), mean((point) => point.waiting)]
  const spread = points.reduce((sum, point) => sum + (point.t - t) ** 2, 0)
  return points.reduce((sum, point) => sum + (point.t - t) * (point.waiting - waiting), 0) / spread
}
