import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, it } from 'vitest'
import { compareHistory } from '../analysis/compare-history.ts'
import { compareRuns } from '../analysis/compare-runs.ts'
import { exampleRun } from '../analysis/example-run.ts'
import { summarise } from '../analysis/summarise.ts'
import { runSchema } from '../run-file.ts'
import { makeSchemas } from './make-schemas.ts'

const OLD_RUN = new URL('../testing/fixtures/run-schema-1.json', import.meta.url)

function validatorFor(name: string) {
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  return ajv.compile(JSON.parse(makeSchemas()[name] ?? ''))
}

describe('the published schemas', () => {
  it.each(Object.entries(makeSchemas()))('%s is what the code says (else: npm run schemas)', async (name, text) => {
    expect(await readFile(new URL(name, import.meta.url), 'utf8')).toBe(text)
  })

  it('describe what is written', () => {
    const run = exampleRun({ rounds: 2 })
    const results = {
      'run.schema.json': [run],
      'summary.schema.json': [summarise(run, { schema: 1, name: 'none', targets: [] })],
      'compare.schema.json': [compareRuns(run, run), compareHistory([run, run, run])],
    }
    for (const [name, values] of Object.entries(results)) {
      const validate = validatorFor(name)
      for (const value of values) expect(validate(value), JSON.stringify(validate.errors)).toBe(true)
    }
  })

  it('refuse what is something else', () => {
    expect(validatorFor('run.schema.json')({ schema: 1 })).toBe(false)
    expect(validatorFor('compare.schema.json')(exampleRun({ rounds: 1 }))).toBe(false)
  })
})

describe('a run of schema 1', () => {
  it('still opens, can be summarised and compared, and fits the published schema', async () => {
    const content: unknown = JSON.parse(await readFile(OLD_RUN, 'utf8'))
    expect(content).toMatchObject({ schema: 1 })
    const run = runSchema.parse(content)
    expect(run.plan).toMatchObject({ engine: 'autocannon', arrivals: null, width: null })
    expect(summarise(run, { schema: 1, name: 'none', targets: [] }).results).toHaveLength(2)
    expect(compareRuns(run, run).outcome).toBe('nothing can be concluded')
    expect(validatorFor('run.schema.json')(content)).toBe(true)
  })
})
