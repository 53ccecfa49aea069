import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBucketRelay } from './bucket-relay.ts'
import { eventually } from './testing/eventually.ts'
import { createTestPipeline, type TestPipeline } from './testing/test-pipeline.ts'

const MAIN = fileURLToPath(new URL('./codes-main.ts', import.meta.url))

describe('npm run codes', () => {
  let pipeline: TestPipeline
  beforeAll(async () => {
    pipeline = await createTestPipeline()
  })
  afterAll(() => pipeline.close())

  function run(args: readonly string[], env: Record<string, string> = {}) {
    const { databaseUrl, redisUrl, keys } = pipeline
    const stores = {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      REDIS_KEY_PREFIX: `${keys.mode.split(':')[0]}`,
      LEDGER_SHARDS: String(keys.shards),
    }
    const options = { env: { ...process.env, ...stores, ...env }, timeout: 40_000 }
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const child = execFile(process.execPath, ['--import', 'tsx', MAIN, ...args], options, (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      )
    })
  }
  async function createRedeemed(wrongCount?: number) {
    const code = await pipeline.createCode({ maxUses: 10 })
    await pipeline.accept(code, ['a@example.test', 'b@example.test'])
    await pipeline.settle()
    if (wrongCount !== undefined)
      await pipeline.sql('UPDATE redeem_codes SET used_count = $2 WHERE code = $1', [code, wrongCount])
    return code
  }

  test.concurrent.each([0, 7])('a count of %i is shown, a dry run changes nothing, --apply heals', async (wrong) => {
    const code = await createRedeemed(wrong)
    const shown = await run(['show', code])
    expect(shown.code).toBe(1)
    expect(shown.stdout).toContain(`✗ used_count is ${wrong}, the ledger's rows are 2`)
    expect(shown.stdout).toContain('2 in flight, 0 sent')
    expect(shown.stdout).toContain('8 uses left, 2 holders')
    const dry = await run(['repair', code])
    expect(dry.code).toBe(1)
    expect(dry.stdout).toContain(`would set used_count from ${wrong} to 2`)
    expect(await pipeline.usedCount(code)).toBe(wrong)
    const applied = await run(['repair', code, '--apply', '--json'])
    expect(applied.code).toBe(0)
    expect(JSON.parse(applied.stdout)).toMatchObject({ dryRun: false, actions: [`set used_count from ${wrong} to 2`] })
    expect(await pipeline.usedCount(code)).toBe(2)
    expect(await run(['show', code])).toMatchObject({ code: 0, stderr: '' })
  })

  test('a bucket that disagrees is rebuilt by the scheduler', async () => {
    const code = await createRedeemed()
    await pipeline.redis.hset(pipeline.keys.bucket(code), 'left', 3)
    expect((await run(['repair', code, '--apply'])).stdout).toContain('done: have the bucket rebuilt from the ledger')
    const relay = startBucketRelay({ ...pipeline, onError: () => {}, batchSize: 10, idleMs: 10 })
    await eventually(() => pipeline.usesLeft(code)).toBe(8)
    await relay.stop()
    expect((await run(['show', code])).code).toBe(0)
  })

  test('sync goes through all codes', async () => {
    const codes = [await createRedeemed(5), await createRedeemed(0)]
    const dry = await run(['sync', '--all'])
    expect(dry.code).toBe(1)
    expect(dry.stdout).toMatch(/\d+ codes looked at, 2 differ; nothing was changed/)
    const applied = await run(['sync', '--all', '--apply', '--json'])
    expect(applied.code).toBe(0)
    expect(JSON.parse(applied.stdout)).toMatchObject({ differing: 2, dryRun: false })
    expect(await Promise.all(codes.map(pipeline.usedCount))).toEqual([2, 2])
    expect((await run(['sync', '--all'])).stdout).toMatch(/^\d+ codes looked at, no difference\n$/)
  })

  test('wrong use is told with exit code 2, a store that is away with 3', async () => {
    const [unknown, nothing, neither, misspelt, malformed, noPostgres, noRedis] = await Promise.all([
      run(['show', 'no such code']),
      run(['repair']),
      run(['sync']),
      run(['shwo', 'X']),
      run(['show', 'X'], { REDIS_URL: 'http://x' }),
      run(['show', 'X'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x' }),
      run(['show', 'X'], { REDIS_URL: 'redis://127.0.0.1:1' }),
    ])
    expect(unknown).toEqual({ code: 2, stdout: '', stderr: 'redline codes: there is no code "no such code"\n' })
    expect(nothing.stderr).toContain("missing required argument 'code'")
    expect(misspelt.stderr).toContain('Did you mean show?')
    expect(noPostgres.stderr).toContain('redline codes: ')
    const codes = [neither, malformed, noPostgres, noRedis].map(({ code }) => code)
    expect(codes).toEqual([2, 2, 3, 3])
    const help = await run(['--help'])
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('Exit codes: 0 fine, or mended')
  })
})
