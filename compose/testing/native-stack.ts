import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Child, startChild } from '../../loadtests/sut/child.ts'
import { type ReservedPort, reservePort } from '../../loadtests/sut/free-port.ts'
import type { RunDirectory } from '../../loadtests/sut/run-directory.ts'
import type { Compose, Service } from './read-compose.ts'

const run = promisify(execFile)
const PROJECT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const HEALTHY_MS = 60_000
/** Each look is a process of its own: more of them would only slow down what they wait for. */
const POLL_MS = 400

/** What each service listens on inside its container. */
const PORTS: Readonly<Record<string, readonly number[]>> = {
  mail: [1025, 8025],
  redis: [6379],
  scheduler: [9100],
  'server-1': [3000, 9100],
  'server-2': [3000, 9100],
  worker: [9100],
  web: [8080],
  'postgres-exporter': [9187],
  'redis-exporter': [9121],
}

/**
 * Runs services of the compose files without an engine: the command and the environment of each, with its own ports of
 * this machine in place of the containers' addresses, and secrets as files. What they share with the containers is
 * everything but the image itself.
 */
export interface NativeStack {
  /** `host:port` on this machine of a port inside a container. */
  addressOf(service: string, port: number): string
  /** Nobody else gets the ports of a service before this; `start` does it by itself. */
  release(service: string): Promise<void>
  /** Runs a service that ends, such as a migration. @returns what it printed. @throws when it fails */
  finish(service: string): Promise<string>
  /** Starts a service and waits until its own health check says so. @param from another checkout to run it from */
  start(service: string, from?: string): Promise<Child>
  /** What the service finds in its environment. */
  environmentOf(service: string): Record<string, string>
  /** Runs the health check of a service once. @returns its exit code */
  checkHealth(service: string): Promise<number>
  /** A text of the project's, such as a configuration, with addresses of this machine. */
  localise(text: string, service: string): string
}

export interface NativeStackOptions {
  readonly compose: Compose
  readonly directory: RunDirectory
  /** Contents of secrets by name. */
  readonly secrets: Readonly<Record<string, string>>
  /** Addresses of what runs already, by `service:port`. */
  readonly given?: Readonly<Record<string, string>>
}

export async function createNativeStack(options: NativeStackOptions): Promise<NativeStack> {
  const { compose, directory, secrets, given = {} } = options
  const addresses = new Map(Object.entries(given))
  const reserved = new Map<string, ReservedPort[]>()
  for (const [service, ports] of Object.entries(PORTS)) {
    const own = await Promise.all(ports.map(reservePort))
    reserved.set(service, own)
    for (const [index, port] of ports.entries()) addresses.set(`${service}:${port}`, `127.0.0.1:${own[index]?.port}`)
  }
  const secretsDirectory = join(directory.path, 'secrets')
  await mkdir(secretsDirectory)
  for (const [name, content] of Object.entries(secrets)) await writeFile(join(secretsDirectory, name), content)

  function serviceOf(name: string): Service {
    const service = compose.services[name]
    if (service === undefined) throw new Error(`compose.yaml has no service ${name}`)
    return service
  }
  function addressOf(service: string, port: number): string {
    const address = addresses.get(`${service}:${port}`)
    if (address === undefined) throw new Error(`nobody listens on ${service}:${port}`)
    return address
  }
  /** Also what is only a port of the service itself, such as `PORT: "3000"`. */
  function localise(text: string, service: string): string {
    const own = PORTS[service] ?? []
    if (own.includes(Number(text))) return addressOf(service, Number(text)).split(':')[1] ?? ''
    let local = text.replaceAll('0.0.0.0', '127.0.0.1').replaceAll('/run/secrets', secretsDirectory)
    for (const port of own) local = local.replaceAll(`127.0.0.1:${port}`, addressOf(service, port))
    for (const [container, address] of addresses) local = local.replaceAll(container, address)
    return local
  }
  function environmentOf(name: string): Record<string, string> {
    const { environment = {}, secrets: own = [] } = serviceOf(name)
    for (const secret of own) if (!(secret in secrets)) throw new Error(`the secret ${secret} of ${name} is not given`)
    const local = Object.entries(environment).map(([key, value]) => [key, localise(value, name)])
    return { PATH: process.env['PATH'] ?? '', ...Object.fromEntries(local) }
  }
  const argumentsOf = (name: string) => (serviceOf(name).command ?? []).map((argument) => localise(argument, name))

  async function release(name: string): Promise<void> {
    await Promise.all((reserved.get(name) ?? []).map((port) => port.release()))
    reserved.delete(name)
  }

  /** `node compose/healthcheck.js …`, as the image runs it unless the service has a check of its own. */
  async function checkHealth(name: string): Promise<number> {
    const [, , ...args] = serviceOf(name).healthcheck?.test?.slice(1) ?? ['node', 'compose/healthcheck.js']
    const local = ['compose/healthcheck.js', ...args.map((argument) => localise(argument, name))]
    const checked = run(process.execPath, local, { cwd: PROJECT, env: environmentOf(name) })
    return checked.then(
      () => 0,
      (error: { code: number }) => error.code,
    )
  }

  return {
    addressOf,
    release,
    environmentOf,
    checkHealth,
    localise,
    async finish(name) {
      const [command = '', ...args] = argumentsOf(name)
      const { stdout } = await run(command, args, { cwd: PROJECT, env: environmentOf(name), timeout: HEALTHY_MS })
      return stdout
    },
    async start(name, from = PROJECT) {
      const [command = '', ...args] = argumentsOf(name)
      await release(name)
      const child = await startChild({ name, command, args, directory, cwd: from, env: environmentOf(name) })
      const giveUpAt = Date.now() + HEALTHY_MS
      while ((await checkHealth(name)) !== 0) {
        if (child.hasEnded() || Date.now() > giveUpAt) {
          await child.stop()
          throw new Error(`${name} is not healthy:\n${child.readLastLines()}`)
        }
        await sleep(POLL_MS)
      }
      return child
    },
  }
}
