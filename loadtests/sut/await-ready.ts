import { setTimeout as sleep } from 'node:timers/promises'
import { UnreachableError } from '../errors.ts'
import type { Child } from './child.ts'

/**
 * Asks again and again until the answer comes without an error. Throws UnreachableError with the child's last lines when
 * it ends before, or when the deadline passes; the child is stopped then.
 */
export async function awaitReady(child: Child, check: () => Promise<void>, deadlineMs: number): Promise<void> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    if (child.hasEnded()) throw new UnreachableError(`${child.name} ended at its start:\n${child.readLastLines()}`)
    try {
      return await check()
    } catch (cause) {
      if (Date.now() > deadline) {
        await child.stop()
        throw new UnreachableError(`${child.name} was not ready within ${deadlineMs} ms:\n${child.readLastLines()}`, {
          cause,
        })
      }
    }
    await sleep(25)
  }
}
