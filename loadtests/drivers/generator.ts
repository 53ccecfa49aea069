import { z } from 'zod'
import { InvalidRunError } from '../errors.ts'
import type { RunDirectory } from '../sut/run-directory.ts'
import { pickEnvironment, type SupervisedProcess, startSupervised } from '../sut/supervisor.ts'
import { withResolvers } from '../with-resolvers.ts'
import { type Driver, type LoadResult, type LoadSpec, type LoadWatch, loadSpecSchema } from './driver.ts'
import { type GeneratorReply, type GeneratorRequest, generatorReplySchema } from './generator-messages.ts'

export interface Generator extends Driver {
  readonly process: SupervisedProcess
  stop(): Promise<void>
}

/** What names the k6 that a load is to be made with, and whose certificates are believed. */
const OF_GENERATOR = ['K6_BIN', 'DOCKER_HOST', 'NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED', 'SSL_CERT_FILE']

/**
 * While V8 collects, for some milliseconds, nobody reads answers. New objects have so much room (MB) that
 * a load of some hundred requests per second needs no collection before its end, and none is made because a process
 * became quieter; `generator-process.ts` collects before each load.
 */
const RARE_COLLECTIONS = [
  '--expose-gc',
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  '--initial-old-space-size=256',
  '--no-memory-reducer',
]

/** A load that has an end by the clock is given up so long after it, and after its last request timed out. */
const OVERDUE_MS = 30_000

/**
 * Starts a load generator in a process of its own, so that its CPU time is measured apart and the harness stays small.
 * One generator serves all loads of a run: a fresh one would be measured while its code is still cold.
 */
export async function startGenerator(
  directory: RunDirectory,
  signal?: AbortSignal,
  overdueMs = OVERDUE_MS,
): Promise<Generator> {
  const child = await startSupervised({
    name: 'generator',
    entry: new URL('./generator-process.ts', import.meta.url),
    nodeFlags: RARE_COLLECTIONS,
    env: pickEnvironment(OF_GENERATOR),
    directory,
    ...(signal && { signal }),
  })
  let lastId = 0
  return {
    process: child,
    load(spec, watch) {
      const id = ++lastId
      const load = runLoad(child, id, spec, watch)
      return giveUpWhenOverdue(load, spec, overdueMs, () => child.send({ type: 'stop', id } satisfies GeneratorRequest))
    },
    stop: () => child.stop(),
  }
}

/** One that stands still must not keep a bench waiting forever, nor go on beside the next one when it wakes up. */
async function giveUpWhenOverdue(
  load: Promise<LoadResult>,
  spec: LoadSpec,
  overdueMs: number,
  stop: () => void,
): Promise<LoadResult> {
  const { duration_seconds: seconds, timeout_seconds: timeout } = loadSpecSchema.parse(spec)
  if (seconds === undefined) return load
  const { promise, reject } = withResolvers<never>()
  const limitMs = 1_000 * (seconds + timeout) + overdueMs
  const late = new InvalidRunError(`The load of ${seconds} s had not ended after ${limitMs / 1_000} s`)
  const giveUp = () => {
    stop()
    reject(late)
  }
  const timer = setTimeout(giveUp, limitMs)
  return Promise.race([load, promise]).finally(() => clearTimeout(timer))
}

function runLoad(child: SupervisedProcess, id: number, spec: LoadSpec, watch: LoadWatch = {}): Promise<LoadResult> {
  const send = (request: GeneratorRequest) => child.send(request)
  const stop = () => send({ type: 'stop', id })
  const { promise, resolve, reject } = withResolvers<LoadResult>()
  const remove = child.onMessage((message) => {
    if ((message as Partial<GeneratorReply>).id !== id) return
    const { success, error, data: reply } = generatorReplySchema.safeParse(message)
    if (!success)
      return reject(new InvalidRunError(`The load generator said what is no reply: ${z.prettifyError(error)}`))
    if (reply.type === 'progress') watch.onProgress?.(reply.progress)
    else if (reply.type === 'result') resolve(reply.result)
    else reject(new InvalidRunError(`The load could not be made: ${reply.message}`))
  })
  void child.died.then(() => reject(new InvalidRunError(`The load generator ended:\n${child.readLastLines()}`)))
  watch.signal?.addEventListener('abort', stop, { once: true })
  send({ type: 'load', id, spec })
  if (watch.signal?.aborted) stop()
  return promise.finally(() => {
    remove()
    watch.signal?.removeEventListener('abort', stop)
  })
}
