/** Of each kind in one script: Redis serves nobody else meanwhile. */
const MAX_TOKENS = 200

/** What Redis said to a request for a place; `sentAt` is local and monotonic, the others are Redis's clock (all ms). */
export interface Answer {
  readonly sentAt: number
  readonly now: number
  /** Since when it has the place; 0: it stands in line, -1: the line is full. */
  readonly grantedAt: number
}

export interface SemaphoreExchange {
  /** Asks for a place, in order of arrival. @throws what the script threw */
  ask(token: string): Promise<Answer>
  /** Gives a place back or leaves the line. @throws what the script threw */
  giveBack(token: string): Promise<void>
  /** Sends at once what was gathered. */
  flush(): void
}

/** Runs semaphore-exchange.lua. @returns its reply */
export type RunExchange = (args: readonly (string | number)[]) => Promise<unknown>

interface Request<Result> {
  readonly token: string
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Gathers what one turn of the event loop gives back and asks for, and does it in one script: one round trip, one look
 * at the clock and the counters.
 * @param admit hears of each place that the script gave to somebody in line
 */
export function createExchange(run: RunExchange, admit: (token: string, grantedAt: number) => void): SemaphoreExchange {
  let leaving: Request<void>[] = []
  let asking: Request<Answer>[] = []
  let isPlanned = false
  let underWay = 0

  async function send(gone: readonly Request<void>[], asked: readonly Request<Answer>[]): Promise<void> {
    const sentAt = performance.now()
    underWay++
    try {
      const reply = await run([gone.length, ...gone.map(tokenOf), ...asked.map(tokenOf)])
      const [now, admitted, ...granted] = reply as [number, string[], ...number[]]
      for (const token of admitted) admit(token, now)
      for (const { resolve } of gone) resolve()
      asked.forEach(({ resolve }, index) => {
        resolve({ sentAt, now, grantedAt: granted[index] as number })
      })
    } catch (error) {
      for (const { reject } of [...gone, ...asked]) reject(error)
    } finally {
      underWay--
    }
  }

  function flush(): void {
    isPlanned = false
    while (leaving.length + asking.length > 0) {
      void send(leaving.slice(0, MAX_TOKENS), asking.slice(0, MAX_TOKENS))
      leaving = leaving.slice(MAX_TOKENS)
      asking = asking.slice(MAX_TOKENS)
    }
  }

  function plan<Result>(requests: Request<Result>[], token: string): Promise<Result> {
    if (!isPlanned) {
      isPlanned = true
      // Nothing is gained by waiting for others while Redis waits for us.
      if (underWay === 0) process.nextTick(flush)
      else setImmediate(flush)
    }
    return new Promise((resolve, reject) => void requests.push({ token, resolve, reject }))
  }

  return {
    ask: (token) => plan(asking, token),
    giveBack: (token) => plan(leaving, token),
    flush,
  }
}

const tokenOf = ({ token }: { readonly token: string }) => token
