import { setTimeout as sleep } from 'node:timers/promises'

/** People who redeem, one after the other on each of several connections, until they are stopped. */
export interface Visitors {
  /** Answers so far. */
  readonly answers: readonly Answer[]
  /** Waits until so many more were answered. */
  untilMore(count: number): Promise<void>
  stop(): Promise<readonly Answer[]>
}

export interface Answer {
  /** 0 when there was none. */
  readonly status: number
  readonly redemptionId: string
  readonly error: string
}

const PAUSE_MS = 50
const PATIENCE_MS = 60_000

export function startVisitors(url: string, { connections = 4, code = 'LOAD', name = 'visitor' } = {}): Visitors {
  const answers: Answer[] = []
  let isOver = false

  async function visit(connection: number): Promise<void> {
    for (let n = 1; !isOver; n++) {
      answers.push(await redeem(url, { email: `${name}-${connection}-${n}@example.test`, code }))
      await sleep(PAUSE_MS)
    }
  }
  const visits = Array.from({ length: connections }, (_, connection) => visit(connection))
  return {
    answers,
    async untilMore(count) {
      const wanted = answers.length + count
      const giveUpAt = Date.now() + PATIENCE_MS
      while (answers.length < wanted) {
        if (Date.now() > giveUpAt) throw new Error(`only ${answers.length} of ${wanted} answers came`)
        await sleep(PAUSE_MS)
      }
    },
    async stop() {
      isOver = true
      await Promise.all(visits)
      return answers
    },
  }
}

async function redeem(url: string, body: { email: string; code: string }): Promise<Answer> {
  try {
    const response = await fetch(`${url}/api/v1/public/direct-redeem`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    const { redemption_id: redemptionId = '' } = (await response.json()) as { redemption_id?: string }
    return { status: response.status, redemptionId, error: '' }
  } catch (error) {
    return { status: 0, redemptionId: '', error: String((error as Error).cause ?? error) }
  }
}
