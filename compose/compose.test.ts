import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseEnv, promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { z } from 'zod'
import { serverConfig } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { schedulerConfig, workerConfig } from '../worker/config.ts'
import { readCompose } from './testing/read-compose.ts'

const run = promisify(execFile)
const HERE = dirname(fileURLToPath(import.meta.url))
const PROJECT = dirname(HERE)
const OVERLAYS = ['compose.small.yaml', 'compose.replicas.yaml', 'compose.tracing.yaml']
const STACKS = [['compose.yaml'], ...OVERLAYS.map((file) => ['compose.yaml', file]), ['compose.yaml', ...OVERLAYS]]
const dockerfile = readFileSync(join(HERE, 'Dockerfile'), 'utf8')

test('every compose file is valid by its schema and keeps the rules of dclint', async () => {
  const files = ['compose.yaml', ...OVERLAYS].map((file) => join(HERE, file))
  const dclint = join(PROJECT, 'node_modules/.bin/dclint')
  // Each finding is one line of its report.
  await run(dclint, [...files, '--config', join(HERE, 'dclint.yaml'), '--max-warnings', '0']).catch(
    (error: { stdout?: string; stderr?: string }) => {
      throw new Error(`${error.stdout}${error.stderr}`)
    },
  )
})

describe.each(STACKS.map((files) => ({ name: files.join(' + '), compose: readCompose(files) })))(
  '$name',
  ({ compose }) => {
    const services = Object.entries(compose.services)

    test('what is named is there', () => {
      for (const [name, service] of services) {
        expect(Object.keys(compose.services), name).toEqual(
          expect.arrayContaining(Object.keys(service.depends_on ?? {})),
        )
        expect(Object.keys(compose.secrets), name).toEqual(expect.arrayContaining(service.secrets ?? []))
        expect(Object.keys(compose.networks), name).toEqual(expect.arrayContaining(service.networks ?? []))
        const mounted = (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '')
        for (const source of mounted) {
          if (source.startsWith('.')) expect(existsSync(join(HERE, source)), `${name}: ${source}`).toBe(true)
          else expect(Object.keys(compose.volumes), name).toContain(source)
        }
      }
    })

    test('whoever is waited for as healthy says when it is', () => {
      for (const [name, { depends_on: waitsFor = {} }] of services)
        for (const [other, { condition }] of Object.entries(waitsFor)) {
          if (condition !== 'service_healthy') continue
          const { healthcheck, build } = compose.services[other] ?? {}
          expect(healthcheck?.test ?? (build?.target === 'system' && 'of the image'), `${name} → ${other}`).toBeTruthy()
        }
    })

    test('images are pinned, and ports are published on loopback only', () => {
      for (const [name, { image, ports = [] }] of services) {
        expect(image, name).toMatch(/:(local|v?\d+\.\d+(\.\d+)?[\w.-]*)$/)
        for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
      }
    })

    test('stores are reachable for those only who need them, and reach nothing themselves', () => {
      expect(compose.networks['data']?.internal).toBe(true)
      for (const name of ['postgres', 'redis']) expect(compose.services[name]?.networks).toEqual(['data'])
      for (const name of ['web', 'grafana', 'prometheus', 'k6'])
        expect(compose.services[name]?.networks).not.toContain('data')
    })

    test('the environment of each process is one that it takes, and no password stands in it', () => {
      const schemas: Record<string, z.ZodType> = {
        'server-1': serverConfig,
        'server-2': serverConfig,
        worker: workerConfig,
        scheduler: schedulerConfig,
      }
      const known = Object.keys(parseEnv(readFileSync(join(PROJECT, '.env.example'), 'utf8')))
      for (const [name, schema] of Object.entries(schemas)) {
        const environment = compose.services[name]?.environment ?? {}
        const filled = Object.entries(environment).map(([key, value]) =>
          key.endsWith('_FILE') ? [key.slice(0, -5), SECRETS[value.split('/').at(-1) ?? '']] : [key, value],
        )
        expect(() => parseEnvironment(schema, Object.fromEntries(filled))).not.toThrow()
        for (const [key] of filled) expect(known, name).toContain(key)
        expect(JSON.stringify(environment)).not.toMatch(/:[^/@"]+@/)
      }
    })
  },
)

const SECRETS: Record<string, string> = {
  database_url: 'postgres://redline:x@postgres:5432/redline',
  database_read_url: 'postgres://redline:x@postgres-replica:5432/redline',
  admin_jwt_secret: 'x'.repeat(48),
  board_password: 'x'.repeat(48),
}

test('all pools of the small box together fit into its Postgres', () => {
  const { services } = readCompose(['compose.yaml', 'compose.small.yaml'])
  const allowed = Number(/max_connections=(\d+)/.exec(services['postgres']?.command?.join(' ') ?? '')?.[1])
  const processes = ['server-1', 'server-2', 'scheduler', 'worker', 'worker']
  const pools = processes.map((name) => Number(services[name]?.environment?.['DB_POOL_MAX']))
  // Beside their pools the scheduler has one connection, each worker those of its maintenance jobs; 3 are reserved.
  expect(pools.reduce((sum, pool) => sum + pool, 0) + 1 + 2 * 2 + 3).toBeLessThan(allowed)
})

describe('the images', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) =>
    sources.split(' '),
  )
  const ignored = readFileSync(join(HERE, 'Dockerfile.dockerignore'), 'utf8').split('\n')

  test('are made of files that exist and that their context holds', () => {
    expect(copied.length).toBeGreaterThan(5)
    for (const source of copied) {
      if (source === '.') continue
      expect(existsSync(join(PROJECT, source)), source).toBe(true)
      const isAllowed = ignored.some((line) => line.startsWith('!') && `${source}/`.startsWith(`${line.slice(1)}/`))
      expect(isAllowed, `${source} in Dockerfile.dockerignore`).toBe(true)
    }
  })

  test('hold the program of each service, run as nobody in particular, and need no shell to tell their health', () => {
    for (const [name, { build, command = [] }] of Object.entries(readCompose(['compose.yaml']).services)) {
      if (build === undefined) continue
      expect(dockerfile, name).toMatch(new RegExp(`^FROM .+ AS ${build.target}$`, 'm'))
      const program = command.find((argument) => argument.endsWith('.ts'))
      if (program !== undefined)
        expect(
          copied.some((source) => program.startsWith(`${source}/`)),
          name,
        ).toBe(true)
    }
    for (const target of ['system', 'harness'])
      expect(new RegExp(` AS ${target}\\n[^]*?USER 1000:1000`).test(dockerfile), target).toBe(true)
    expect(dockerfile).toMatch(/HEALTHCHECK .*CMD \["node", /)
  })
})

describe('up.sh', () => {
  test('makes each secret once, and all that the compose files name', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'up-'))
    try {
      const makeSecrets = () =>
        run('sh', [join(HERE, 'up.sh'), '--secrets'], { env: { ...process.env, REDLINE_SECRETS: directory } })
      await makeSecrets()
      const read = () =>
        Object.fromEntries(
          Object.values(readCompose(['compose.yaml', ...OVERLAYS]).secrets).map(({ file }) => [
            file,
            readFileSync(join(directory, file.split('/').at(-1) ?? ''), 'utf8'),
          ]),
        )
      const secrets = read()
      expect(new Set(Object.values(secrets)).size).toBe(Object.keys(secrets).length)
      const password = secrets['./secrets/postgres-password'] ?? ''
      expect(password).toMatch(/^[0-9a-f]{48}$/)
      expect(new URL(secrets['./secrets/database-url'] ?? '').password).toBe(password)
      await makeSecrets()
      expect(read()).toEqual(secrets)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test.each(OVERLAYS)('starts everything that %s adds', (overlay) => {
    const { services } = readCompose(['compose.yaml', overlay])
    const asked = /^compose up .*--wait (.*)$/m.exec(readFileSync(join(HERE, 'up.sh'), 'utf8'))?.[1]?.split(' ') ?? []
    const started = new Set(asked)
    for (const name of started) for (const other of Object.keys(services[name]?.depends_on ?? {})) started.add(other)
    const wanted = Object.keys(services).filter((name) => services[name]?.profiles === undefined)
    expect([...started].sort()).toEqual(wanted.sort())
  })

  test('hands overlays on to Docker', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'up-'))
    onTestFinished(() => rmSync(bin, { recursive: true }))
    writeFileSync(join(bin, 'docker'), '#!/bin/sh\necho "docker $*"\n', { mode: 0o755 })
    const env = {
      PATH: `${bin}:${process.env['PATH']}`,
      REDLINE_SECRETS: join(bin, 'secrets'),
      REDLINE_FILES: '-f small.yaml -f tracing.yaml',
    }
    const { stdout } = await run('sh', [join(HERE, 'up.sh'), '--no-load'], { env })
    expect(stdout).toContain(`-f ${HERE}/compose.yaml -f small.yaml -f tracing.yaml up --build`)
  })

  test('tells what it does not know', async () => {
    await expect(run('sh', [join(HERE, 'up.sh'), '--fast'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown option --fast'),
    })
  })
})
