/**
 * For programs that the harness starts: ends them in good order on SIGTERM and SIGINT, and also when the channel to the
 * harness closes, because then it was killed and nobody else will stop them.
 */
export function tieToHarness(stop: () => void | Promise<void>): void {
  let isStopping = false
  const end = async () => {
    if (isStopping) return
    isStopping = true
    try {
      await stop()
    } finally {
      process.exit(0)
    }
  }
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(event, () => void end())
}

/** Tells the harness that the work can begin. */
export function sendReady(message: { url: string | null } & Record<string, unknown>): void {
  process.send?.({ type: 'ready', processes: [], ...message })
}
