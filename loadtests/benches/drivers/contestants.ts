import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Engine } from '../../drivers/driver.ts'
import type { Generator } from '../../drivers/generator.ts'
import { findK6 } from '../../drivers/k6-binary.ts'
import { readCpu, subtractCpu } from '../../measure/cpu-meter.ts'
import { readProcessTable } from '../../measure/proc.ts'
import { findProgram } from '../../sut/find-program.ts'
import type { SupervisedProcess } from '../../sut/supervisor.ts'
import { withResolvers } from '../../with-resolvers.ts'

const run = promisify(execFile)

/** Connections of the closed loops; the open ones take what they need. */
const CONNECTIONS = 20
const MOST_CONNECTIONS = 1_000

export interface Slot {
  readonly url: string
  readonly seconds: number
  /** People per second of the open loops. */
  readonly rate: number
}

/** What one load of one generator cost. */
export interface Reading {
  readonly requests: number
  readonly cpuMs: number
}

export interface Contestant {
  readonly name: string
  readonly kind: 'open loop' | 'closed loop'
  /** Its code is compiled while it runs. */
  readonly compiles: boolean
  load(slot: Slot): Promise<Reading>
}

/** Ours and, where they are installed, those that people know. */
export async function findContestants(
  generator: Generator,
  bare: SupervisedProcess,
  directory: string,
): Promise<Contestant[]> {
  const k6 = await findK6().then(
    () => true,
    () => false,
  )
  return [
    ours('paced', generator, directory),
    ...(k6 ? [ours('k6', generator, directory)] : []),
    ours('autocannon', generator, directory),
    bareSockets(bare),
    ...others(directory),
  ]
}

function ours(engine: Engine, generator: Generator, directory: string): Contestant {
  const isOpen = engine !== 'autocannon'
  const roots = { generator: [generator.process.pid] }
  return {
    name: engine,
    kind: isOpen ? 'open loop' : 'closed loop',
    compiles: engine !== 'k6',
    async load({ url, seconds, rate }) {
      const before = readCpu(roots)
      const result = await generator.load({
        engine,
        url,
        connections: isOpen ? MOST_CONNECTIONS : CONNECTIONS,
        ...(isOpen && { arrivals: { model: 'constant' as const, rate } }),
        duration_seconds: seconds,
        requests: { kind: 'redeem-shared', codes: ['NO-OP'], email_prefix: 'p', seed: 1 },
        answers_file: join(directory, 'drivers.tsv'),
      })
      const requests = result.accepted + result.refused + result.errors
      return { requests, cpuMs: subtractCpu(readCpu(roots), before).generator ?? Number.NaN }
    },
  }
}

/** The part of `paced` that is Node's and the kernel's. */
function bareSockets(bare: SupervisedProcess): Contestant {
  const roots = { generator: [bare.pid] }
  return {
    name: 'bare sockets',
    kind: 'open loop',
    compiles: true,
    async load({ url, seconds, rate }) {
      const { promise: ended, resolve: end } = withResolvers<number>()
      const remove = bare.onMessage((message) => end((message as { answers: number }).answers))
      void bare.died.then(() => end(0))
      const before = readCpu(roots)
      const headers = `Host: ${new URL(url).host}\r\nContent-Type: ${TYPE}\r\nContent-Length: ${BODY.length}`
      bare.send({ url, seconds, rate, text: `POST / HTTP/1.1\r\n${headers}\r\n\r\n${BODY}` })
      const requests = await ended.finally(remove)
      if (requests === 0) throw new Error(`bare sockets got no answer to count:\n${bare.readLastLines()}`)
      return { requests, cpuMs: subtractCpu(readCpu(roots), before).generator ?? Number.NaN }
    },
  }
}

const TYPE = 'application/json'
/** About as long as what ours send. */
const BODY = JSON.stringify({ code: 'NO-OP', email: 'p-1@people.example' })

/**
 * They send the same kind of request as ours. Their own output tells how many; their CPU is what this process was charged
 * for a child that ended.
 */
function others(directory: string): Contestant[] {
  const [body, script] = [join(directory, 'body.json'), join(directory, 'post.lua')]
  writeFileSync(body, BODY)
  const header = `wrk.headers["Content-Type"] = "${TYPE}"`
  writeFileSync(script, `wrk.method = "POST"\nwrk.body = '${BODY}'\n${header}\n`)
  const program = (name: string, args: (slot: Slot) => string[], counted: RegExp): Contestant[] => {
    const command = findProgram([name])
    if (command === null) return []
    return [
      {
        name,
        kind: 'closed loop',
        compiles: false,
        async load(slot) {
          const before = childrenCpuMs()
          const { stdout } = await run(command, args(slot), { maxBuffer: 1e8 })
          const requests = Number(counted.exec(stdout)?.[1] ?? 0)
          if (requests === 0) throw new Error(`${name} got no answer to count:\n${stdout.slice(-500)}`)
          return { requests, cpuMs: childrenCpuMs() - before }
        },
      },
    ]
  }
  const [connections] = [String(CONNECTIONS)]
  return [
    ...program(
      'wrk',
      ({ url, seconds }) => ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url],
      /(\d+) requests in/,
    ),
    ...program(
      'ab',
      ({ url, seconds }) => [
        ...['-k', '-q', '-c', connections, '-t', String(seconds), '-n', '10000000'],
        ...['-p', body, '-T', TYPE, `${url}/`],
      ],
      /Complete requests:\s+(\d+)/,
    ),
    ...program(
      'oha',
      ({ url, seconds }) => [
        ...['--no-tui', '-c', connections, '-z', `${seconds}s`],
        ...['-m', 'POST', '-d', BODY, '-T', TYPE, url],
      ],
      /\[202\]\s+(\d+)/,
    ),
  ]
}

/** Of all children of this process that have ended. */
function childrenCpuMs(): number {
  const own = process.cpuUsage()
  return (readProcessTable()?.get(process.pid)?.cpuMs ?? Number.NaN) - (own.user + own.system) / 1_000
}
