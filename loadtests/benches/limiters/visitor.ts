import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./visitor-process.ts', import.meta.url))

export interface Visitor {
  /** Places that it got within its patience; it holds them. */
  readonly got: number
  /** As a crash does: nothing is given back. */
  kill(): void
}

export interface VisitorOptions {
  readonly places?: number
  readonly limit?: number
  readonly leaseMs: number
  /** How far its clock is ahead of everybody else's. */
  readonly clockAheadMs?: number
}

/** Starts another process that wants places of a semaphore, and waits until it has them or gives up. */
export async function startVisitor(
  whose: 'ours' | 'peer',
  url: string,
  key: string,
  { places = 1, limit = 1, leaseMs, clockAheadMs = 0 }: VisitorOptions,
): Promise<Visitor> {
  const shift = `const now = Date.now; Date.now = () => now() + ${clockAheadMs}`
  const imports = ['--import', 'tsx', '--import', `data:text/javascript,${encodeURIComponent(shift)}`]
  const numbers = [places, limit, leaseMs, 1_500].map(String)
  const child = fork(PROGRAM, [whose, url, key, ...numbers], { execArgv: imports, silent: true })
  const output = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const [line] = await Promise.race([
    once(output, 'line') as Promise<[string]>,
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`The visitor ended with code ${code}`))),
  ])
  return { got: Number(line), kill: () => void child.kill('SIGKILL') }
}
