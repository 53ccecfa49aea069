import { describe, expect, it } from 'vitest'
import { UsageError } from '../errors.ts'
import { loadTargets, parseTargets } from './load-targets.ts'

const valid = { name: 't', measure: 'ratio_to_ceiling', modes: ['none'], at_least: 1 }

function faultOf(text: string): string {
  try {
    parseTargets(text, 'my.json')
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  throw new Error('no fault was found')
}

function fileWith(target: Record<string, unknown>): string {
  return JSON.stringify({ schema: 1, name: 'mine', targets: [valid, target] }, null, 2)
}

describe('loadTargets', () => {
  it('reads the guide that comes with the harness', async () => {
    expect((await loadTargets()).targets.length).toBeGreaterThan(10)
  })

  it('says which file is missing', async () => {
    await expect(loadTargets('nowhere.json')).rejects.toThrow('nowhere.json: the targets file cannot be read (ENOENT)')
  })

  it('names line and fault of broken JSON', () => {
    expect(faultOf('{\n  "schema": 1,\n  "name" "x"\n}')).toBe('my.json:3: not valid JSON: colon expected')
    expect(faultOf('')).toMatch(/^my\.json:1: not valid JSON/)
    expect(faultOf('{\n  // why\n  "schema": 1 }')).toMatch(/^my\.json:2: not valid JSON: invalid comment token/)
  })

  it('names line, place and expectation of a wrong value', () => {
    expect(faultOf(fileWith({ ...valid, at_least: 'much' }))).toMatch(
      /^my\.json:\d+: targets\[1\]\.at_least: .*expected number, received string/,
    )
    expect(faultOf(fileWith({ ...valid, modes: ['nine'] }))).toMatch(/targets\[1\]\.modes\[0\]: .*"token-bucket"/)
  })

  it('points at the line of the fault', () => {
    const text = fileWith({ ...valid, at_least: 'much' })
    const line = text.split('\n').findIndex((content) => content.includes('much')) + 1
    expect(faultOf(text)).toContain(`my.json:${line}:`)
  })

  it('points at an unknown key, and at the object that lacks one', () => {
    const unknown = fileWith({ ...valid, at_leest: 3 })
    const line = unknown.split('\n').findIndex((content) => content.includes('at_leest')) + 1
    expect(faultOf(unknown)).toContain(`my.json:${line}: targets[1].at_leest: Unrecognized key`)
    expect(faultOf(fileWith({ ...valid, name: undefined }))).toMatch(
      /^my\.json:\d+: targets\[1\]\.name: .*expected string/,
    )
  })

  it('asks for exactly one bound, and reports every fault at once', () => {
    expect(faultOf(fileWith({ ...valid, at_most: 2 }))).toContain('exactly one of at_least, at_most and equals')
    expect(faultOf('{"schema": 2, "name": "", "targets": []}').split('\n')).toHaveLength(3)
  })
})
