import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { calibrationSchema } from '../calibrate/calibration-file.ts'
import { createCliHarness } from '../testing/cli.ts'

const cli = createCliHarness()
const out = join(cli.directory, 'reports')
afterAll(() => cli.close())

test('the open loop sees a stall, the closed one misses it; what was found is kept', async () => {
  const pattern = ['--pattern', 'stall=400ms/1s,base=2ms', '--rate', '100', '--duration', '3', '--tries', '1']
  const { stdout, stderr, code } = await cli.run([
    'calibrate',
    '--drivers',
    'paced,autocannon',
    ...pattern,
    '--json',
    '--out',
    out,
  ])
  const calibration = calibrationSchema.parse(JSON.parse(stdout))
  // 300 requests are too few for a p99.9, so nothing is concluded.
  expect(code).toBe(3)
  expect(stderr).toContain('2/2')
  const [paced, closed] = calibration.results
  expect(paced).toMatchObject({ driver: 'paced', demanded: true, validity: 'INVALID', samples: 300 })
  expect(paced?.validity_reasons).toContain('only 300 answers: a p99.9 needs 2995')
  expect(paced?.truth_ms?.p95).toBeGreaterThan(200)
  expect(paced?.measured_ms?.p95).toBeGreaterThan(200)
  expect(Math.abs(paced?.error?.p50 ?? 1)).toBeLessThan(1)
  expect(closed).toMatchObject({ driver: 'autocannon', demanded: false })
  expect(closed?.error?.mean).toBeLessThan(-0.5)
  expect(calibration.passed).toBe(false)
  expect(JSON.parse(readFileSync(join(out, 'calibration.json'), 'utf8'))).toEqual(calibration)
})

test('a pattern that cannot be read is named', async () => {
  const { stderr, code } = await cli.run(['calibrate', '--pattern', 'stall=5s/1s'])
  expect([code, stderr]).toEqual([2, expect.stringContaining('"stall=5s/1s" cannot be read')])
})

test('interrupted, it keeps what was measured', async () => {
  const options = [
    '--pattern',
    'no-op',
    '--pattern',
    'fixed',
    '--duration',
    '2',
    '--tries',
    '1',
    '--json',
    '--out',
    out,
  ]
  const running = cli.start(['calibrate', '--drivers', 'paced', ...options])
  await running.awaitOutput(/1\/2 no-op/)
  running.kill('SIGINT')
  const { code, stdout } = await running.ended
  const calibration = calibrationSchema.parse(JSON.parse(stdout))
  expect(code).toBe(130)
  expect(calibration).toMatchObject({ status: 'interrupted', passed: false, results: [{ pattern: 'no-op' }] })
})
