import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { beforeEach, describe, expect, it } from 'vitest'
import { exampleBasis } from '../plan/example-basis.ts'
import { RECORD_FILE } from '../plan/plan-record.ts'
import { makeSchemas } from '../schemas/make-schemas.ts'
import { watchCommandOutput } from '../testing/command-output.ts'
import { createPlanCommand } from './plan.ts'

const isPublished = new Ajv2020({ strict: false, validateFormats: false }).compile(
  JSON.parse(makeSchemas()['plan.schema.json'] ?? ''),
)

const output = watchCommandOutput()
beforeEach(() => writeFile(join(output.directory, 'basis.json'), JSON.stringify(exampleBasis())))

/** A plan on the example's measurement. */
async function plan(...args: string[]): Promise<string> {
  const options = ['--users', '2000', '--p99', '200ms', '--from', output.directory, '--out', output.directory]
  await createPlanCommand()
    .exitOverride()
    .parseAsync([...options, ...args], { from: 'user' })
  return output.stdout
}

describe('npm run plan', () => {
  it('prints the plan, and keeps it with its report', async () => {
    expect(await plan()).toContain('2,000 users who think 10 s, p99 < 200 ms, mode token-bucket: 1 server')
    expect(output.stdout).toContain('The model so far: no plan was verified on this machine so far (--verify).')
    const [run = ''] = (await readdir(output.directory)).filter((name) => name.includes('-plan-'))
    expect(await readdir(join(output.directory, run))).toEqual(['basis.json', 'plan.json', 'report.html'])
    const page = await readFile(join(output.directory, run, 'report.html'), 'utf8')
    expect(page).toContain('The recommended profile over the load')
    expect(page).not.toMatch(/NaN|undefined|https?:\/\//)
    expect(process.exitCode).toBe(0)
  })

  it('can be planned from again, also as JSON', async () => {
    await plan()
    const [run = ''] = (await readdir(output.directory)).filter((name) => name.includes('-plan-'))
    output.stdout = ''
    const again = JSON.parse(await plan('--json', '--from', join(output.directory, run), '--think', '20'))
    expect(isPublished(again), JSON.stringify(isPublished.errors)).toBe(true)
    expect(again).toMatchObject({ request: { users: 2_000, think_s: 20 }, basis: { run_id: 'an-example' } })
  })

  it('prints the settings alone, and nothing where there are none: what there is to say goes beside them', async () => {
    expect(await plan('--emit', 'env')).toMatch(/^# .*\nLIMITER_MODE=token-bucket\nDB_POOL_MAX=5\nSERVER_PROCESSES=1\n/)
    output.stdout = ''
    expect(await plan('--emit', 'env', '--bandwidth', '0.1')).toBe('')
    expect(process.exitCode).toBe(2)
  })

  it('answers with a fleet who asks for more than one machine', async () => {
    expect(await plan('--users', '2000000', '--think', '30', '--instances', '40')).toMatch(
      /more than these machines as one\. \d+ × machines for servers, \d+ × machines for workers, /,
    )
    expect(process.exitCode).toBe(0)
  })

  it('ends with 2 where no profile does, and names what blocks it', async () => {
    expect(await plan('--bandwidth', '0.1')).toContain('no profile of this machine does. nearest: 1 server')
    expect(output.stdout).toContain('bandwidth: 1.44 of 0.10 Mbit/s')
    expect(process.exitCode).toBe(2)
  })

  it.each([
    [['--verify', '--redis-nodes', '3'], '--verify runs what this machine has'],
    [['--verify', '--cores', '1024'], 'it does not go with --cores 1024'],
    [['--verify'], 'was measured on another one'],
    [['--region-latency', '9ms'], '--regions says how many there are'],
    [['--verify', '--instances', '3'], '--verify runs what this machine has'],
    [['--emit', 'env', '--json'], 'choose one of them'],
    [['--allow-nonempty'], 'with --from nothing is measured'],
    [['--mode', 'none'], 'measured the mode token-bucket: for none leave --from out'],
    [['--p99', '0'], 'no latency is 0'],
    [['--from', '/nowhere'], '--from /nowhere holds neither a plan (basis.json) nor a run (run.json)'],
  ])('refuses %j', async (args, message) => {
    await expect(plan(...args)).rejects.toThrow(message)
  })

  it('names a file that it cannot plan from, and never writes over a record that it cannot read', async () => {
    await writeFile(join(output.directory, 'basis.json'), '{"schema":7}')
    await expect(plan()).rejects.toThrow('basis.json is nothing that this version can plan from')
    await writeFile(join(output.directory, 'basis.json'), JSON.stringify(exampleBasis()))
    await writeFile(join(output.directory, RECORD_FILE), 'notes')
    await expect(plan()).rejects.toThrow('is no record of plans of this version: move it away')
    expect(await readFile(join(output.directory, RECORD_FILE), 'utf8')).toBe('notes')
  })
})
