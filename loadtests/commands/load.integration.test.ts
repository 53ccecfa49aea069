import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runSchema, summarySchema } from '../run-file.ts'
import { createCliHarness } from '../testing/cli.ts'

const cli = createCliHarness()
const examples = fileURLToPath(new URL('../examples/', import.meta.url))
const example = join(examples, 'notes.scenario.ts')
const out = join(cli.directory, 'reports')
let server: ChildProcess
let url: string

beforeAll(async () => {
  server = spawn(process.execPath, [join(examples, 'notes-server.js'), '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(server.stdout as NodeJS.ReadableStream, 'data')) as [Buffer]
  url = line.toString().trim()
})

afterAll(async () => {
  server.kill()
  await cli.close()
})

/** A scenario of its own directory beside the type of the real one. */
function scenario(name: string, body: string): string {
  const file = join(cli.directory, `${name}.scenario.ts`)
  writeFileSync(file, `export default ${body}\n`)
  return file
}

function readRun() {
  const runs = readdirSync(out).filter((name) => name.includes('-'))
  const run = runSchema.parse(JSON.parse(readFileSync(join(out, runs.at(-1) ?? '', 'run.json'), 'utf8')))
  return { run, directory: join(out, runs.at(-1) ?? '') }
}

describe('the example', () => {
  it('is loaded, judged by its own targets and its own command, and rendered again', async () => {
    const options = ['--url', url, '--duration', '4', '--rounds', '1', '--json', '--out', out]
    const { stdout, code, stderr } = await cli.run(['load', example, ...options])
    expect([0, 3], stderr).toContain(code)
    const summary = summarySchema.parse(JSON.parse(stdout))
    expect(summary.targets.map(({ name }) => name)).toEqual(['people do not wait', 'hardly anything fails'])
    const [result] = summary.results
    expect(result?.invariants).toMatchObject([{ title: 'node verify-notes.js 3', examined: 1, broken: [] }])
    const { run, directory } = readRun()
    // Random arrivals are those of the file the next time as well.
    expect(run.repeat_with).toMatch(/ --engine paced --duration 4 /)
    // Who looks at no process of the target misses none: a part may be missing where this machine was held up.
    expect(result?.gates.find(({ name }) => name === 'telemetry')?.value).toBeLessThan(0.7)
    const [load] = run.trials.find(({ mode }) => mode === 'target')?.loads ?? []
    expect(load).toMatchObject({ refused: 0, errors: 0, schedule: { dropped: 0 } })
    expect(load?.accepted).toBeGreaterThan(300)
    expect(Object.keys(load?.steps ?? {})).toEqual(['custom:read', 'custom:write'])
    const again = await cli.run(['report', directory, '--json'])
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(stdout))
  })

  it('a check that fails is no acceptance; a command that fails breaks the run; Prometheus lies on the timeline', async () => {
    const prometheus = createServer((request, response) => {
      const query = new URL(request.url ?? '', 'http://x').searchParams
      const start = Number(query.get('start'))
      const values = Array.from({ length: 60 }, (_, second) => [start + second, '11'])
      response.end(
        JSON.stringify({
          status: 'success',
          data: {
            result: [
              { metric: {}, values },
              { metric: {}, values },
            ],
          },
        }),
      )
    }).listen(0, '127.0.0.1')
    await once(prometheus, 'listening')
    const port = (prometheus.address() as AddressInfo).port
    const file = scenario(
      'failing',
      `{ name: 'failing', description: 'x', connections: 2, requests: [{ name: 'read', path: '/notes/ada', checks: { status: [418] } }],
         prometheus: { url: 'http://127.0.0.1:${port}', queries: { notes: 'sum(notes)' } },
         verify: ['node', '-e', 'console.log("a note is missing"); process.exit(1)'] }`,
    )
    const options = ['--url', url, '--duration', '2', '--rounds', '1', '--json', '--out', join(out, 'failing')]
    const { stdout, code } = await cli.run(['load', file, ...options])
    prometheus.close()
    expect(code).toBe(4)
    const [result] = summarySchema.parse(JSON.parse(stdout)).results
    expect(result?.invariants[0]?.broken).toEqual(['a note is missing'])
    const [name] = readdirSync(join(out, 'failing'))
    const run = runSchema.parse(JSON.parse(readFileSync(join(out, 'failing', name ?? '', 'run.json'), 'utf8')))
    const { samples = [], loads = [] } = run.trials.find(({ mode }) => mode === 'target') ?? {}
    // Two connections at full speed may be more than the generator is believed with: what was counted stands all the same.
    expect(loads[0]).toMatchObject({ accepted: 0, errors: 0 })
    expect(loads[0]?.refused).toBeGreaterThan(0)
    expect(samples.map(({ extra }) => extra['notes'])).toContain(22)
    // The bare route answers as it does: the checks are the target's.
    const [bare] = run.trials.find(({ mode }) => mode === 'ceiling')?.loads ?? []
    expect(bare).toMatchObject({ refused: 0, errors: 0 })
    // The scenario has no targets: the run is rendered without any.
    expect((await cli.run(['report', join(out, 'failing', name ?? '')])).code).toBe(4)
  })
})

it('a command that Ctrl-C stops as well says nothing of the target', async () => {
  const [begun, to] = [join(cli.directory, 'begun'), join(out, 'stopped')]
  const wait = `fs.writeFileSync(${JSON.stringify(begun)}, ''); setTimeout(() => {}, 600_000)`
  const file = scenario(
    'stopped',
    `{ name: 'stopped', description: 'x', connections: 2, requests: [{ name: 'read', path: '/notes/ada' }],
       verify: ['node', '-e', ${JSON.stringify(wait)}] }`,
  )
  const running = cli.start(['load', file, '--url', url, '--duration', '1', '--rounds', '1', '--out', to])
  await vi.waitFor(() => expect(existsSync(begun)).toBe(true), 30_000)
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
  const [name = ''] = existsSync(to) ? readdirSync(to) : []
  if (name !== '') expect((await cli.run(['report', join(to, name)])).stdout).not.toContain('BROKE')
})

it('a command that is killed breaks nothing: its trial has failed, and what was measured is kept', async () => {
  const to = join(out, 'killed')
  const kill = 'console.log("all is well"); process.kill(process.pid, "SIGKILL")'
  const file = scenario(
    'killed',
    `{ name: 'killed', description: 'x', connections: 2, requests: [{ name: 'read', path: '/notes/ada' }],
       verify: ['node', '-e', ${JSON.stringify(kill)}] }`,
  )
  const { code } = await cli.run(['load', file, '--url', url, '--duration', '1', '--rounds', '1', '--out', to])
  expect(code).toBe(3)
  const [name = ''] = readdirSync(to)
  const run = runSchema.parse(JSON.parse(readFileSync(join(to, name, 'run.json'), 'utf8')))
  const trial = run.trials.find(({ mode }) => mode === 'target')
  expect(trial?.status).toBe('failed')
  expect(trial?.failure).toMatch(/said nothing of the target: it was killed by SIGKILL$/)
  expect(trial?.loads[0]?.accepted).toBeGreaterThan(10)
})

it('Ctrl-C within the measured load keeps what was measured until then, and marks the run', async () => {
  let firstAt = 0
  const target = createServer((_request, response) => {
    firstAt ||= performance.now()
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(target, 'listening')
  const to = join(out, 'cut')
  const file = scenario(
    'cut',
    `{ name: 'cut', description: 'x', requests: [{ name: 'read', path: '/' }], verify: ['node', '-e', 'process.exit(1)'] }`,
  )
  const address = `http://127.0.0.1:${(target.address() as AddressInfo).port}`
  // With this seed the target comes before the bare route.
  const choices = ['--rate', '20', '--duration', '600', '--rounds', '1', '--seed', '1']
  const running = cli.start(['load', file, '--url', address, ...choices, '--out', to])
  // The warm-up lasts two seconds.
  await vi.waitFor(() => expect(firstAt && performance.now() - firstAt).toBeGreaterThan(6_000), 60_000)
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
  target.close()
  const [name = ''] = readdirSync(to)
  const run = runSchema.parse(JSON.parse(readFileSync(join(to, name, 'run.json'), 'utf8')))
  expect(run).toMatchObject({ status: 'interrupted', trials: [{ mode: 'target', status: 'ok' }] })
  const [{ loads, samples, invariants } = { loads: [], samples: [], invariants: [] }] = run.trials
  expect(loads[0]?.accepted).toBeGreaterThan(10)
  expect(loads[0]?.seconds).toBeLessThan(300)
  expect(loads[0]?.steady?.seconds).toBeLessThan(300)
  expect(samples.length).toBeGreaterThan(1)
  expect(invariants).toEqual([])
})

describe('bad input', () => {
  it.each<[string, () => string[], number, RegExp]>([
    ['no file', () => ['nowhere.ts'], 2, /no scenario file "nowhere\.ts"/],
    ['no scenario', () => [scenario('empty', '{ name: "x" }')], 2, /is not a scenario:\n {2}description: /],
    [
      'an unknown cell',
      () => [scenario('cell', `{ name: 'x', description: 'x', requests: [{ name: 'a', path: '/{{people.id}}' }] }`)],
      2,
      /request a asks for \{\{people\.id\}\}; there are person/,
    ],
    [
      "somebody else's target",
      () => [example, '--url', 'http://192.0.2.1:80'],
      2,
      /is not on this machine: --i-own-this-target/,
    ],
    ['a path in the address', () => [example, '--url', `${url}/api`], 2, /give scheme, host and port alone/],
    [
      'a password in the address, which is not said again',
      () => [example, '--url', url.replace('//', '//ada:secret@')],
      2,
      /^(?!.*secret).*is given with a name or password: the scenario's requests send them/s,
    ],
    [
      'a path that is no ASCII',
      () => [scenario('path', `{ name: 'x', description: 'x', requests: [{ name: 'a', path: '/a b' }] }`)],
      2,
      /requests\.0\.path: only visible ASCII is possible in a path: write a space as %20/,
    ],
    [
      'a header that would be two',
      () => [
        scenario(
          'split',
          `{ name: 'x', description: 'x', requests: [{ name: 'a', path: '/', headers: { 'X-A': 'a\\r\\nX-B: b' } }] }`,
        ),
      ],
      2,
      /no header can hold a line break/,
    ],
    [
      'a cell that would be two headers',
      () => {
        writeFileSync(join(cli.directory, 'two.csv'), 'name\nada\n"a\nb"\n')
        const requests = `[{ name: 'a', path: '/', headers: { 'X-Name': '{{people.name}}' } }]`
        return [
          scenario('cells', `{ name: 'x', description: 'x', data: { people: 'two.csv' }, requests: ${requests} }`),
        ]
      },
      2,
      /request a sends \{\{people\.name\}\} in a header, and that of row 2 has a line break/,
    ],
    [
      'a command that is not there, before anything is loaded',
      () => [
        scenario(
          'nod',
          `{ name: 'x', description: 'x', requests: [{ name: 'a', path: '/' }], verify: ['nod', 'check.js'] }`,
        ),
        '--url',
        url,
      ],
      2,
      /verify: "nod" is not on the PATH/,
    ],
    ['contradictory loops', () => [example, '--rate', '5', '--connections', '5'], 2, /choose one of them/],
    [
      'a target that is away',
      () => [example, '--url', 'http://127.0.0.1:9'],
      3,
      /does not answer \(.*ECONNREFUSED.*\): is the target running\?/,
    ],
    [
      "a header that is the generator's",
      () => [
        scenario(
          'framing',
          `{ name: 'x', description: 'x', requests: [{ name: 'a', path: '/', headers: { 'Content-Length': '9' } }] }`,
        ),
      ],
      2,
      /requests\.0\.headers: the generator itself says Content-Length/,
    ],
  ])('%s', async (_name, args, exitCode, message) => {
    const { code, stderr } = await cli.run(['load', ...args(), '--out', out])
    expect([code, stderr]).toEqual([exitCode, expect.stringMatching(message)])
  })
})
