import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { createDatabase, dropDatabase } from './sut/database.ts'
import { findFreePort } from './sut/free-port.ts'
import { type CliHarness, createCliHarness } from './testing/cli.ts'

const name = `cli_${randomBytes(6).toString('hex')}`
const BENCH = [
  'bench',
  '--modes',
  'none',
  '--quick',
  '--rounds',
  '1',
  '--duration',
  '0.5',
  '--connections',
  '10',
  '--warm-up',
  '0',
]

let cli: CliHarness
let reports: string

beforeAll(() => {
  cli = createCliHarness()
  reports = join(cli.directory, 'reports')
})

afterEach(() => rmSync(reports, { recursive: true, force: true }))

afterAll(() => cli.close())

/** Nothing runs any more and no directory is left. */
function expectNothingLeft(): void {
  expect(cli.listRuns()).toEqual([])
}

describe('wrong use', () => {
  test.concurrent.each<[string, string[], RegExp]>([
    ['no command', [], /Usage: redline/],
    ['an unknown command', ['bnech'], /unknown command 'bnech'\n\(Did you mean bench\?\)/],
    ['an unknown option', ['bench', '--mods', 'none'], /unknown option '--mods'\n\(Did you mean --modes\?\)/],
    ['a word too many', ['bench', 'none'], /too many arguments/],
    [
      'an unknown mode',
      ['bench', '--modes', 'none,tokenbucket'],
      /"tokenbucket" is none of .*Did you mean token-bucket/,
    ],
    ['an unknown mode of start', ['start', '--mode', 'inprocess'], /Did you mean in-process\?/],
    ['an unknown scenario', ['bench', '--scenario', 'hotcode'], /"hotcode" is none of .*Did you mean hot-code/],
    [
      'a scenario with a shape of its own',
      ['bench', '--scenario', 'steady-20', '--duration', '1'],
      /--duration cannot be/,
    ],
    ['users where there are none', ['bench', '--users', '5'], /--users cannot be chosen in the scenario hot-code/],
    ['zero connections', ['bench', '--connections', '0'], /'--connections <n>' argument '0' is invalid.*whole number/],
    ['negative rounds', ['bench', '--rounds', '-2'], /'--rounds <n>' argument '-2' is invalid.*whole number/],
    ['zero seconds', ['bench', '--duration', '0'], /'--duration <seconds>' argument '0' is invalid.*greater than 0/],
    ['a time without sense', ['bench', '--db-latency', 'slow'], /argument 'slow' is invalid\. expected a time such as/],
    ['a limit below none', ['start', '--ip-limit', '-1'], /'--ip-limit <n>' argument '-1' is invalid.*whole number/],
    [
      'a rate without sense',
      ['bench', '--rate', 'fast'],
      /argument 'fast' is invalid\. expected people per second such as/,
    ],
    ['an open loop without a rate', ['bench', '--engine', 'paced'], /--engine paced is an open loop: --rate says/],
    [
      'moments that k6 does not have',
      ['bench', '--engine', 'k6', '--rate', '5', '--poisson'],
      /k6 has no arrivals at random moments: --engine paced has/,
    ],
    ['a port that does not exist', ['start', '--port', '70000'], /expected a whole number from 0 to 65535/],
    ['an --out that cannot be', ['bench', '--out', '/dev/null/here'], /--out: \/dev\/null\/here\S+ cannot be made/],
    ['a run that does not exist', ['report', 'nowhere'], /no run "nowhere"/],
    ['verify without a database', ['verify'], /verify needs a database: --database-url, DATABASE_URL, or --system/],
    ['a system file that is missing', ['verify', '--system', 'none.json'], /none\.json cannot be read \(ENOENT\)/],
  ])('%s', async (_, args, message) => {
    const { code, stderr } = await cli.run(args)
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('a fault of our own')
    expect(code).toBe(2)
  })

  test('help is no fault', async () => {
    const { code, stdout } = await cli.run(['start', '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:')
  })

  test('malformed files: which file, which line, what was expected', async () => {
    const file = (text: string, base: string) => {
      writeFileSync(join(cli.directory, base), text)
      return join(cli.directory, base)
    }
    const targets = file('{\n  "schema": 1,\n  "name": "mine",\n  "targets": "many"\n}', 'mine.json')
    const run = file('{ "schema": 1 ', 'run.json')
    const answers = file('accepted\tr-1\ta@load.test\tHOT\t1\t202\nnonsense\n', 'answers.tsv')
    const system = file('> banner\n{"url":"http://127.0.0.1:1"}\n', 'system.json')
    const [forTargets, forRun, forAnswers, forSystem] = await Promise.all([
      cli.run(['bench', '--targets', targets]),
      cli.run(['report', run]),
      cli.run(['verify', '--database-url', await migratedDatabase(), '--answers', answers]),
      cli.run(['verify', '--system', system]),
    ])
    expect(forTargets.stderr).toMatch(/mine\.json:4: targets: .*expected array, received string/)
    expect(forRun.stderr).toMatch(/run\.json is not JSON/)
    expect(forAnswers.stderr).toMatch(/answers\.tsv:2: not an answer: "nonsense"; expected accepted \| rejected/)
    expect(forSystem.stderr).toMatch(/system\.json does not hold the line of `npm start -- --json`: ops_url: /)
    expect([forTargets, forRun, forAnswers, forSystem].map(({ code }) => code)).toEqual([2, 2, 2, 2])
  })

  let databases = 0
  /** With Redline's tables, and nothing in them. */
  async function migratedDatabase(): Promise<string> {
    const url = await createDatabase(inject('databaseUrl'), `${name}_${++databases}`)
    const main = new URL('../server/db/migrate-main.ts', import.meta.url).pathname
    const args = ['--import', import.meta.resolve('tsx'), main, 'up']
    expect(spawnSync(process.execPath, args, { env: { ...process.env, DATABASE_URL: url } }).status).toBe(0)
    return url
  }

  test('verify: no table, and nothing to look at', async () => {
    const empty = await createDatabase(inject('databaseUrl'), `${name}_${++databases}`)
    const [strange, nothing, nobody] = await Promise.all([
      cli.run(['verify', '--database-url', empty]),
      cli.run(['verify', '--database-url', await migratedDatabase()]),
      cli.run(['verify', '--database-url', await migratedDatabase(), '--mails-url', 'http://127.0.0.1:9/mails']),
    ])
    expect(strange).toMatchObject({ code: 2, stderr: expect.stringMatching(/has not Redline's tables/) })
    expect(nothing).toMatchObject({ code: 3, stderr: expect.stringMatching(/nothing was examined/) })
    expect(nobody).toMatchObject({ code: 3, stderr: expect.stringMatching(/127\.0\.0\.1:9\/mails\S* does not answer/) })
  })

  afterAll(async () => {
    for (; databases > 0; databases--) await dropDatabase(inject('databaseUrl'), `${name}_${databases}`)
  })
})

test('a k6 that is not there is told before anything is started', async () => {
  const { code, stderr } = await cli.run(['bench', '--engine', 'k6', '--rate', '5'], { K6_BIN: '/nowhere/k6' })
  expect([code, stderr]).toEqual([3, expect.stringMatching(/^redline: K6_BIN=\/nowhere\/k6 cannot be run: .*\n$/)])
})

describe('stores of somebody else', () => {
  test('an unreachable one is named by its address, and nothing is left', async () => {
    const [database, redis] = [await findFreePort(), await findFreePort()]
    const [forDatabase, forRedis, forVerify] = await Promise.all([
      cli.run([...BENCH, '--out', reports], { DATABASE_URL: `postgres://me:secret@127.0.0.1:${database}/app` }),
      cli.run(['start', '--port', '0'], { REDIS_URL: `redis://127.0.0.1:${redis}` }),
      cli.run(['verify'], { DATABASE_URL: `postgres://me:secret@127.0.0.1:${database}/app` }),
    ])
    expect(forDatabase.stderr).toMatch(`redline: Postgres at 127.0.0.1:${database} cannot be used`)
    expect(forDatabase.stderr).not.toContain('secret')
    expect(forRedis.stderr).toMatch(`redline: Redis at 127.0.0.1:${redis} cannot be used`)
    expect(forVerify.stderr).toMatch(`redline: Postgres at 127.0.0.1:${database} cannot be used`)
    expect([forDatabase, forRedis, forVerify].map(({ code }) => code)).toEqual([3, 3, 3])
    expect(readdirSync(reports)).toEqual([])
    expectNothingLeft()
  })

  test('one that holds data, has too few connections, or is no URL is refused', async () => {
    const url = await createDatabase(inject('databaseUrl'), `${name}_full`)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query('CREATE TABLE orders (id int)')
    await client.end()
    const [full, small, malformed] = await Promise.all([
      cli.run([...BENCH, '--out', reports], { DATABASE_URL: url }),
      cli.run(['start', '--port', '0', '--pool', '500', '--allow-nonempty'], { DATABASE_URL: url }),
      cli.run(['start', '--port', '0'], { DATABASE_URL: 'localhost:5432' }),
    ])
    expect(full.stderr).toMatch(/holds 1 tables?\. Name an empty one in DATABASE_URL, or pass --allow-nonempty/)
    expect(small.stderr).toMatch(/pools may open 1511 connections.*allows \d+ \(max_connections\)/)
    expect(malformed.stderr).toMatch(/DATABASE_URL is not a URL of the form postgres:/)
    expect([full, small, malformed].map(({ code }) => code)).toEqual([2, 2, 2])
    expectNothingLeft()
    await dropDatabase(inject('databaseUrl'), `${name}_full`)
  })

  test('one that cannot be migrated: the start fails with what the migration said', async () => {
    const url = await createDatabase(inject('databaseUrl'), `${name}_locked`)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`ALTER DATABASE ${name}_locked SET default_transaction_read_only = on`)
    await client.end()
    const { code, stderr } = await cli.run(['start', '--port', '0'], { DATABASE_URL: url })
    expect(stderr).toContain('redline: The migrations failed: redline migrate: ')
    expect(code).toBe(3)
    expectNothingLeft()
    await dropDatabase(inject('databaseUrl'), `${name}_locked`)
  })
})
