/** Resolves when a dependency answers. */
export type Probe = () => Promise<unknown>

const TIMEOUT_MS = 2_000

/** Asks a dependency once, for no longer than 2 s. @returns whether it answered, and after how many ms */
export async function measureProbe(probe: Probe): Promise<{ up: boolean; latency_ms: number }> {
  const startedAt = performance.now()
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), TIMEOUT_MS)
  })
  const up = await Promise.race([probe(), tooLate]).then(
    () => true,
    () => false,
  )
  clearTimeout(timer)
  return { up, latency_ms: Math.round((performance.now() - startedAt) * 1000) / 1000 }
}
