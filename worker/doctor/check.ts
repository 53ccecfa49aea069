/** What a look at one part of the system found. */
export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** What to do about it; only when it is not ok. */
  readonly advice?: string
  /** A store did not answer: what hangs on it could not be looked at. */
  readonly unreachable?: boolean
}

export const good = (name: string, detail: string): Finding => ({ name, ok: true, detail })
export const bad = (name: string, detail: string, advice: string): Finding => ({ name, ok: false, detail, advice })

/** Nothing is asked for longer. */
const LOOK_MS = 10_000

/** Runs one look. What it throws is a finding too. */
export async function look(name: string, advice: string, work: () => Promise<Finding[]>): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${LOOK_MS / 1_000} s`)), LOOK_MS)
  })
  try {
    return await Promise.race([work(), tooLate])
  } catch (error) {
    return [bad(name, (error as Error).message, advice)]
  } finally {
    clearTimeout(timer)
  }
}

const PINGS = 20

/** @returns the median of some round trips, in ms */
export async function measureLatency(ping: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < PINGS; n++) {
    const startedAt = performance.now()
    await ping()
    times.push(performance.now() - startedAt)
  }
  return times.sort((one, other) => one - other)[PINGS / 2] ?? 0
}

/** A round trip that is slower makes every mode slow. */
const SLOW_MS = 20

export function judgeLatency(store: string, latencyMs: number): Finding {
  const detail = `${latencyMs.toFixed(2)} ms a round trip (median of ${PINGS})`
  if (latencyMs <= SLOW_MS) return good(`${store} latency`, detail)
  return bad(`${store} latency`, detail, `Bring it nearer: every redemption pays for it (more than ${SLOW_MS} ms).`)
}
