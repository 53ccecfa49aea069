import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { makeSchemas } from '../../schemas/make-schemas.ts'
import { watchCommandOutput } from '../../testing/command-output.ts'
import { createFitCommand } from '../fit.ts'

const SPECSDM91 = fileURLToPath(new URL('../../examples/specsdm91.csv', import.meta.url))
const JAIN = fileURLToPath(new URL('../../examples/jain-stations.json', import.meta.url))
const isPublished = new Ajv2020({ strict: false }).compile(JSON.parse(makeSchemas()['fit.schema.json'] ?? ''))

const output = watchCommandOutput()

async function runFit(...args: string[]): Promise<string> {
  const command: Command = createFitCommand()
  for (const each of [command, ...command.commands]) each.exitOverride()
  await command.parseAsync(args, { from: 'user' })
  return output.stdout
}

async function runFitJson(...args: string[]) {
  const result = JSON.parse(await runFit(...args, '--json'))
  expect(isPublished(result), JSON.stringify(isPublished.errors)).toBe(true)
  return result
}

async function file(text: string, name = 'points.csv'): Promise<string> {
  const path = join(output.directory, name)
  await writeFile(path, text)
  return path
}

describe('usl', () => {
  it('gives the published coefficients, peak and predictions of specsdm91', async () => {
    const result = await runFitJson('usl', SPECSDM91)
    expect(result.parameters.alpha).toBeCloseTo(0.0277285, 6)
    expect(result.peak.n).toBeCloseTo(96.5, 1)
    expect(result.predictions.map(({ n }: { n: number }) => Math.round(n))).toEqual([
      1, 18, 36, 72, 97, 108, 144, 216, 324,
    ])
    for (const { n, x, r, low, high, extrapolated } of result.predictions) {
      expect(r).toBeCloseTo(n / x, 12)
      expect(low).toBeLessThan(x)
      expect(high).toBeGreaterThan(x)
      expect(extrapolated).toBe(false)
    }
    expect(result.warnings).toEqual([])
  })

  it('flags what lies beyond 1.5 × the measured loads: four points foretell 42 % too little at n = 216', async () => {
    const points = await file('n,x\n1,64.9\n18,995.9\n36,1652.4\n72,1853.2\n')
    const { predictions, warnings } = await runFitJson('usl', points, '--at', '108,216')
    expect(predictions[0].extrapolated).toBe(false)
    expect(predictions[1].extrapolated).toBe(true)
    expect(predictions[1].x / 1702.2 - 1).toBeCloseTo(-0.42, 2)
    expect(warnings.join()).toMatch(/EXTRAPOLATED, do not rely on n = 216/)
  })

  it('a demand bound that agrees lifts the flag, one that forbids the prediction is told', async () => {
    const rows = [1, 2, 4, 8, 16, 32, 64].map((n) => `${n},${(100 * n) / (1 + 0.1 * (n - 1))}`)
    const points = await file(`n,x\n${rows.join('\n')}\n`)
    const far = (await runFitJson('usl', points, '--at', '1000')).predictions[0]
    expect(far.extrapolated).toBe(true)
    output.stdout = ''
    expect(await runFitJson('usl', points, '--at', '1000', '--demand', '0.001')).toMatchObject({
      limit: expect.closeTo(1000, 3),
      peak: null,
      predictions: [{ extrapolated: false }],
      warnings: [],
    })
    output.stdout = ''
    const { warnings } = await runFitJson('usl', points, '--at', '1000', '--demand', '0.002')
    expect(warnings.join()).toMatch(/EXTRAPOLATED.*0\.002 s allows 500 per second at most/)
  })

  it('takes response times, with the think time, in seconds or milliseconds', async () => {
    const law = (n: number) => (50 * n) / (1 + 0.02 * (n - 1) + 0.001 * n * (n - 1))
    const loads = [1, 4, 8, 16, 32]
    const seconds = await file(`n;r\n${loads.map((n) => `${n};${n / law(n)}`).join('\n')}`)
    expect((await runFitJson('usl', seconds)).parameters).toMatchObject({
      alpha: expect.closeTo(0.02, 6),
      beta: expect.closeTo(0.001, 7),
      gamma: expect.closeTo(50, 4),
    })
    output.stdout = ''
    const thinking = await file(`N,R\n${loads.map((n) => `${n},${1000 * (n / law(n) - 0.01)}`).join('\n')}`)
    const result = await runFitJson('usl', thinking, '--ms', '--think-time', '0.01')
    expect(result.parameters.gamma).toBeCloseTo(50, 4)
    expect(result.predictions[0].r).toBeCloseTo(0.01, 6)
  })

  it('draws measured points and the curve, without colours', async () => {
    const text = await runFit('usl', SPECSDM91, '--at', '216')
    expect(text).toMatch(/● measured {2}· model/)
    expect(text.match(/●/g)).toHaveLength(8)
    expect(text).toMatch(/peak 1,884\/s at n = 96\.5/)
    expect(text).toMatch(/216 +1,702 +1,646/)
    expect(text).not.toContain('\u001b')
  })

  it.each([
    ['n,x\n1,10\n2,19\n3,27\n', [], /has 3 different loads: at least 4 are needed/],
    ['n,x\n1,10\n', [], /has 1 different load: at least 4/],
    ['', [], /is empty: the first line must name the columns/],
    ['n,x\n1,10\n2,-19\n3,27\n4,30', [], /line 3: x must be greater than 0, not -19/],
    ['n,x\n1,10\n2,\n3,27\n4,30', [], /line 3: x is missing/],
    ['n;x\n1;64,9\n18;995,9\n', [], /line 2: 3 cells, but the first line has 2: write 995\.9, not 995,9/],
    ['n,x\n1,10\ntwo,19\n3,27\n4,30', [], /line 3: n is "two", which is no number/],
    ['n,x\n0.5,10\n2,19\n3,27\n4,30', [], /line 2: n counts people, .* from 1 on, not 0.5/],
    ['1,10\n2,19\n3,27\n4,30', [], /first line must name the columns/],
    ['users,rate\n1,10\n2,19', [], /has the columns users, rate: .*n,x/],
    ['n,x,r\n1,10,100\n2,19,105\n4,36,111\n8,60,133\n', [], /r is in milliseconds: give seconds, or say --ms/],
    ['n,x,r\n1,10,.1\n2,19,.105\n4,36,.111\n8,60,.133\n', ['--ms'], /only with r in seconds: leave --ms out/],
    ['n,x,r\n1,600,.1\n2,1140,.105\n4,2160,.111\n8,3600,.133\n', [], /x is per minute: give it per second/],
    ['n,x\n1,10\n2,19\n3,27\n4,30', ['--ms'], /--ms is about response times, but .* has no column r/],
  ])('refuses %j %j', async (text, args, message) => {
    await expect(runFit('usl', await file(text), ...args)).rejects.toMatchObject({ exitCode: 2, message })
  })

  it.each([
    [['--at', '10,0'], /argument '10,0' is invalid. expected a number greater than 0/],
    [['--think-time', '-1'], /argument '-1' is invalid/],
  ])('refuses the options %j', async (args, message) => {
    await expect(runFit('usl', SPECSDM91, ...args)).rejects.toThrow(message)
  })

  it('a broken Little’s law without a unit that explains it is a warning that names the missing think time', async () => {
    const points = await file('n,x,r\n10,10,.5\n20,19,.55\n40,36,.61\n80,60,.83\n')
    expect((await runFitJson('usl', points)).warnings.join()).toMatch(
      /L = XW is broken, unless each thinks 0\.5 s longer/,
    )
  })
})

describe('mva', () => {
  it("solves Jain's example", async () => {
    const { throughput, stations, bounds } = await runFitJson('mva', JAIN)
    expect(throughput).toBeCloseTo(0.33325, 4)
    expect(stations[1]).toMatchObject({ name: 'disk a', residence_time: expect.closeTo(48.54, 1) })
    expect(bounds).toMatchObject({ bottleneck: 'disk a', saturation: expect.closeTo(10 / 3, 9) })
    output.stdout = ''
    expect(await runFit('mva', JAIN, '--customers', '2')).toMatch(/^0\.175\/s with 2 customers, response time 7\.4 s/)
  })

  it('takes servers, delays, rates, and service times by load', async () => {
    const network = {
      customers: 30,
      stations: [
        {
          name: 'app',
          service_time: [1, 20].map((customers) => ({ customers, service_time: 0.1 / customers })),
          servers: 2,
        },
        { name: 'lock', service_time: 0.01, rates: [1, 0.8] },
        { name: 'wire', service_time: 0.5, servers: 'delay' },
      ],
    }
    const path = await file(JSON.stringify(network), 'stations.json')
    const { stations, warnings } = await runFitJson('mva', path)
    expect(stations[2].utilisation).toBeNull()
    expect(warnings).toEqual([])
    output.stdout = ''
    expect((await runFitJson('mva', path, '--customers', '31')).warnings.join()).toMatch(
      /EXTRAPOLATED: .* up to 20 customers/,
    )
    output.stdout = ''
    expect(await runFit('mva', path)).toMatch(/wire +delay/)
  })

  it.each([
    ['{', /is no JSON/],
    ['{"customers":3,"stations":[]}', /stations: /],
    ['{"stations":[{"name":"a","service_time":1}]}', /names no customers: add them, or say --customers/],
    ['{"customers":3,"stations":[{"name":"a","service_time":-1}]}', /stations\[0\]\.service_time: /],
    [
      '{"customers":3,"stations":[{"name":"a","service_time_ms":1}]}',
      /stations\[0\]: Unrecognized key: "service_time_ms"/,
    ],
    ['{"customers":3,"stations":[{"name":"a","service_time":1,"servers":2,"rates":[1]}]}', /contradict each other/],
    ['{"customers":3,"stations":[{"name":"a","service_time":1,"rates":[2]}]}', /a: rates begin with 1/],
    ['{"customers":3,"stations":[{"name":"a","service_time":0}]}', /no station has any demand/],
    [
      '{"customers":3,"stations":[{"name":"a","service_time":1},{"name":"a","service_time":1}]}',
      /two stations called "a"/,
    ],
  ])('refuses %s', async (text, message) => {
    const path = await file(text, 'stations.json')
    await expect(runFit('mva', path)).rejects.toMatchObject({ exitCode: 2, message })
  })
})

describe('erlang', () => {
  const options = (arrivals: number, servers: number) =>
    ['erlang', '--arrival-rate', String(arrivals), '--service-rate', '100', '--servers', String(servers)] as const

  it('tells M/M/1 from its formulas', async () => {
    expect(await runFitJson(...options(80, 1))).toMatchObject({
      wait_probability: expect.closeTo(0.8, 12),
      queue_length: expect.closeTo(3.2, 9),
      response_time: expect.closeTo(0.05, 12),
      utilisation: expect.closeTo(0.8, 12),
      warnings: [],
    })
    output.stdout = ''
    expect(await runFit(...options(80, 1))).toMatch(/^80 % wait, on the mean 3\.2 in line\nresponse time 0\.05 s/)
  })

  it('warns of servers that are nearly full, and refuses an overload with how many would do', async () => {
    expect((await runFitJson(...options(970, 10))).warnings.join()).toMatch(/97 % busy/)
    await expect(runFit(...options(1250, 12))).rejects.toMatchObject({ exitCode: 2, message: /at least 13 servers/ })
    await expect(runFit('erlang', '--arrival-rate', '1')).rejects.toThrow(/required option '--service-rate <n>'/)
    await expect(runFit(...options(-5, 1))).rejects.toThrow(/argument '-5' is invalid/)
  })
})

describe('knee', () => {
  it('finds the bend of a published curve, and none in a line', async () => {
    const loads = Array.from({ length: 10 }, (_, index) => index / 9)
    const curve = await file(loads.map((x) => `${x},${-1 / (x + 0.1) + 10}`).join('\n'))
    expect((await runFitJson('knee', curve)).knee).toBeCloseTo(0.222, 3)
    output.stdout = ''
    const line = await file(loads.map((x) => `${x},${x}`).join('\n'))
    expect(await runFitJson('knee', line)).toEqual({ knee: null })
    output.stdout = ''
    expect(await runFit('knee', line)).toMatch(/^No knee to be seen\./)
  })

  it('takes a column called r as response times, which bend the other way', async () => {
    const latencies = await file('n,r\n1,1\n2,1.02\n4,1.05\n8,1.1\n16,1.3\n24,4\n32,12\n')
    expect((await runFitJson('knee', latencies)).knee).toBeGreaterThanOrEqual(16)
  })

  it.each([
    ['1,1\n2,2\n3,3', [], /has 3 different loads: at least 5/],
    ['1,1\n1,1\n2,2\n3,3\n4,4\n5,5', [], /has a load twice/],
    ['1\n2\n3\n4\n5', [], /has 1 columns: a load and a value are needed/],
    ['n,x\n1,1\n2,-2', [], /line 3: -2 is negative/],
    ['n,x\n1,1\n2,2', ['--column', 'p99'], /no column "p99", but n, x/],
    ['n,x\n1,1\n2,2', ['--column', 'n'], /--column n is the load itself/],
  ])('refuses %j %j', async (text, args, message) => {
    await expect(runFit('knee', await file(text), ...args)).rejects.toMatchObject({ exitCode: 2, message })
  })
})
