import { createMetrics } from '../../../server/metrics/metrics.ts'

/** What a request writes into its metrics. */
export const OPERATIONS = ['count', 'time', 'time an answer of Redis'] as const
export type Operation = (typeof OPERATIONS)[number]

const REPETITIONS = 7
const PER_REPETITION = 100_000
const AT_A_TIME = 100

/** Nanoseconds of each operation, on the server's own metrics: the median of several repetitions, warmed up. */
export async function timeOperations(): Promise<Record<Operation, number>> {
  const metrics = createMetrics()
  const counter = metrics.redeemRequests.labels('direct-redeem', 'token-bucket', '202')
  const timer = metrics.redeemDuration.labels('direct-redeem', 'token-bucket')
  const answer = metrics.redisDuration.labels('evalsha')
  const repeat = (once: () => void) => () => {
    for (let at = 0; at < PER_REPETITION; at++) once()
  }
  return {
    count: await median(repeat(() => counter.inc())),
    time: await median(repeat(() => timer.startTimer()())),
    'time an answer of Redis': await median(async () => {
      // Some at a time, as they are on their way in a server.
      for (let done = 0; done < PER_REPETITION; done += AT_A_TIME) {
        const answers: Promise<unknown>[] = []
        for (let at = 0; at < AT_A_TIME; at++) {
          const stop = answer.startTimer()
          answers.push(Promise.resolve().then(stop, stop))
        }
        await answers.at(-1)
      }
    }),
  }
}

async function median(repetition: () => void | Promise<void>): Promise<number> {
  await repetition()
  const times: number[] = []
  for (let at = 0; at < REPETITIONS; at++) {
    const before = performance.now()
    await repetition()
    times.push(((performance.now() - before) * 1e6) / PER_REPETITION)
  }
  return times.sort((one, other) => one - other)[Math.floor(REPETITIONS / 2)] ?? Number.NaN
}
