/** What can be taken in units and is given back: servers, connections of a pool, places in a semaphore, a row's lock. */
export interface Resource {
  readonly name: string
  /** Infinity where nobody ever waits. */
  readonly units: number
  /** Whoever finds so many waiting is refused; without it everybody waits. */
  readonly maxWaiting?: number | undefined
  /** Every home has so many of its own, as each process of a cluster has its pool. */
  readonly isPerHome?: boolean | undefined
}

export interface ResourceResult {
  readonly name: string
  /** Units taken, on the mean. */
  readonly inUse: number
  readonly units: number
  /** Share of its units, 0…1; null where there is no end of them. */
  readonly utilisation: number | null
  /** In line, on the mean. */
  readonly waiting: number
  /** Units that were got. */
  readonly taken: number
  /** Seconds until a unit was got, those who got it at once included. */
  readonly wait: number
  readonly refused: number
}

export interface SimulatedResource<Job> {
  /** `waits`: the job stands in line, and give() will name it when its turn comes. */
  take(job: Job, now: number): 'taken' | 'waits' | 'refused'
  /** @returns whoever got the unit next, in order of arrival */
  give(job: Job, now: number): Job | undefined
  /** Forgets what was counted, not who is there. */
  reset(now: number): void
  report(now: number): ResourceResult
}

interface Waiting<Job> {
  readonly job: Job
  readonly since: number
}

/** One for all, or one for each home; what is reported are all of them together. */
export function createResources<Job extends { readonly home: number }>(
  resource: Resource,
  homes: number,
): SimulatedResource<Job> {
  if (!resource.isPerHome || homes === 1) return createSimulatedResource(resource)
  const all = Array.from({ length: homes }, () => createSimulatedResource<Job>(resource))
  const of = ({ home }: Job) => all[home] as SimulatedResource<Job>
  return {
    take: (job, now) => of(job).take(job, now),
    give: (job, now) => of(job).give(job, now),
    reset: (now) => {
      for (const each of all) each.reset(now)
    },
    report: (now) => addUp(all.map((each) => each.report(now))),
  }
}

function addUp(reports: readonly ResourceResult[]): ResourceResult {
  const sum = (field: 'inUse' | 'units' | 'waiting' | 'refused') =>
    reports.reduce((total, report) => total + report[field], 0)
  const [inUse, units, waiting, refused] = [sum('inUse'), sum('units'), sum('waiting'), sum('refused')]
  const taken = reports.reduce((total, report) => total + report.taken, 0)
  const waited = reports.reduce((total, { wait, taken }) => total + wait * taken, 0)
  return {
    name: reports[0]?.name ?? '',
    units,
    inUse,
    utilisation: Number.isFinite(units) ? inUse / units : null,
    waiting,
    taken,
    wait: taken === 0 ? 0 : waited / taken,
    refused,
  }
}

function createSimulatedResource<Job>({ name, units, maxWaiting }: Resource): SimulatedResource<Job> {
  let line: Waiting<Job>[] = []
  /** Served ones are cut off now and then: taking the first of a long array each time would move all others. */
  let head = 0
  let inUse = 0
  let [begun, last] = [0, 0]
  let [usedSeconds, waitingSeconds, waitSum, taken, refused] = [0, 0, 0, 0, 0]
  const count = (now: number) => {
    usedSeconds += inUse * (now - last)
    waitingSeconds += (line.length - head) * (now - last)
    last = now
  }
  const next = (): Waiting<Job> | undefined => {
    const first = line[head]
    if (first === undefined) return undefined
    head++
    if (head > 1_000 && head > line.length / 2) [line, head] = [line.slice(head), 0]
    return first
  }
  return {
    take(job, now) {
      count(now)
      if (inUse < units) {
        inUse++
        taken++
        return 'taken'
      }
      if (line.length - head >= (maxWaiting ?? Number.POSITIVE_INFINITY)) {
        refused++
        return 'refused'
      }
      line.push({ job, since: now })
      return 'waits'
    },
    give(_, now) {
      count(now)
      const first = next()
      if (first === undefined) {
        inUse--
        return undefined
      }
      taken++
      waitSum += now - first.since
      return first.job
    },
    reset(now) {
      count(now)
      begun = now
      ;[usedSeconds, waitingSeconds, waitSum, taken, refused] = [0, 0, 0, 0, 0]
    },
    report(now) {
      count(now)
      const seconds = now - begun
      const busy = usedSeconds / seconds
      return {
        name,
        units,
        inUse: busy,
        utilisation: Number.isFinite(units) ? busy / units : null,
        waiting: waitingSeconds / seconds,
        taken,
        wait: taken === 0 ? 0 : waitSum / taken,
        refused,
      }
    },
  }
}
