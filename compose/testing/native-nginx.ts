import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Child, startChild } from '../../loadtests/sut/child.ts'
import type { RunDirectory } from '../../loadtests/sut/run-directory.ts'

const run = promisify(execFile)
const SOURCES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'nginx')
const START_MS = 15_000

/** A real nginx with the configuration of compose/nginx, on ports of this machine. */
export interface NativeNginx {
  readonly url: string
  /** What `nginx -t` says. @throws with its complaint */
  check(): Promise<string>
  /** Lines of its access log so far. */
  readLog(): Promise<Record<string, unknown>[]>
  stop(): Promise<void>
}

export interface NativeNginxOptions {
  readonly directory: RunDirectory
  readonly program: string
  readonly address: string
  /** Of the page, as the image has it at /srv/page. */
  readonly pageDirectory: string
  /** Puts addresses of this machine into servers.conf. */
  readonly localise: (text: string) => string
}

export async function startNativeNginx(options: NativeNginxOptions): Promise<NativeNginx> {
  const { directory, program, address, pageDirectory, localise } = options
  const home = join(directory.path, 'nginx')
  await mkdir(join(home, 'redline'), { recursive: true })
  // Its workers run as another user when we are root.
  await chmod(home, 0o777)
  const configuration = (await readFile(join(SOURCES, 'nginx.conf'), 'utf8'))
    .replace('listen 8080;', `listen ${address};`)
    .replaceAll('/tmp/', `${home}/`)
    .replaceAll('/srv/page', pageDirectory)
    .replace('/dev/stdout', `${home}/access.log`)
  await writeFile(join(home, 'nginx.conf'), configuration)
  // Addresses need no look-up, and an nginx before 1.27.3 knows no `resolve`.
  const servers = (await readFile(join(SOURCES, 'servers.conf'), 'utf8')).replaceAll(' resolve ', ' ')
  await writeFile(join(home, 'redline', 'servers.conf'), localise(servers))
  const args = ['-p', home, '-c', join(home, 'nginx.conf')]
  const check = async () => (await run(program, [...args, '-t'])).stderr
  await check()
  const child = await startChild({
    name: 'nginx',
    command: program,
    args: [...args, '-g', 'daemon off;'],
    directory,
    stopSignal: 'SIGQUIT',
  })
  const url = `http://${address}`
  await untilServing(url, child)
  return {
    url,
    check,
    async readLog() {
      const lines = (await readFile(join(home, 'access.log'), 'utf8')).trim().split('\n')
      return lines.filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
    },
    stop: () => child.stop(),
  }
}

async function untilServing(url: string, child: Child): Promise<void> {
  const giveUpAt = Date.now() + START_MS
  for (;;) {
    const answer = await fetch(`${url}/nginx-health`).catch(() => null)
    if (answer?.ok) return
    if (child.hasEnded() || Date.now() > giveUpAt) throw new Error(`nginx does not serve:\n${child.readLastLines()}`)
    await sleep(50)
  }
}
