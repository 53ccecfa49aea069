import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { CALIBRATED_MODES, calibrationPoints, HELD_OUT } from '../accuracy/accuracy-points.ts'
import { exampleAccuracyRun } from '../accuracy/example-accuracy.ts'
import { foretellPoints } from '../accuracy/foretell-points.ts'
import { makeSchemas } from '../schemas/make-schemas.ts'
import { watchCommandOutput } from '../testing/command-output.ts'
import { createAccuracyCommand } from './study-accuracy.ts'

const isPublished = new Ajv2020({ strict: false, validateFormats: false }).compile(
  JSON.parse(makeSchemas()['accuracy.schema.json'] ?? ''),
)

const output = watchCommandOutput()

const study = (...args: string[]) => createAccuracyCommand().exitOverride().parseAsync(args, { from: 'user' })

describe('npm run study:accuracy', () => {
  it('goes on after the stages that are done, and renders again what is there', async () => {
    const points = HELD_OUT.slice(0, 2)
    const calibration = exampleAccuracyRun(CALIBRATED_MODES.flatMap(calibrationPoints), 2)
    const predictions = JSON.stringify(foretellPoints(calibration, 2, points))
    // Foretold for a machine that was half as slow again when it was measured.
    const stages = { calibration, 'held-out': exampleAccuracyRun(points, 2, 1.5) }
    for (const [name, run] of Object.entries(stages)) {
      await mkdir(join(output.directory, name))
      await writeFile(join(output.directory, name, 'run.json'), JSON.stringify(run))
    }
    await writeFile(join(output.directory, 'predictions.json'), predictions)
    await expect(study('--resume', output.directory, '--rounds', '5')).rejects.toThrow('were foretold for 2 rounds')
    await study('--resume', output.directory, '--json')
    const summary = JSON.parse(output.stdout)
    expect(isPublished(summary), JSON.stringify(isPublished.errors)).toBe(true)
    expect(summary.overall.mean.verdict).toBe('missed')
    expect(await readFile(join(output.directory, 'predictions.json'), 'utf8')).toBe(predictions)

    await study('--render', output.directory, '--gate')
    const report = await readFile(join(output.directory, 'report.md'), 'utf8')
    expect(report).toContain('# How well does the model foretell another size?')
    expect(output.stdout).toContain(report)
    expect(process.exitCode).toBe(1)

    const late = { ...JSON.parse(predictions), written_at: '2999-01-01T00:00:00.000Z' }
    await writeFile(join(output.directory, 'predictions.json'), JSON.stringify(late))
    await expect(study('--render', output.directory)).rejects.toThrow('was written after the points had been run')
  })

  it.each([
    [['--render', 'a', '--resume', 'b'], 'choose one of them'],
    [['--render', 'a', '--seed', '1'], '--render measures nothing'],
    [['--resume', '/nowhere'], 'there is no study of accuracy that began'],
  ])('refuses %j', async (args, message) => {
    await expect(study(...args)).rejects.toThrow(message)
  })

  it('names what is missing, and what it cannot read', async () => {
    await expect(study('--render', output.directory)).rejects.toThrow(
      'holds no study of accuracy that has come to an end',
    )
    await writeFile(join(output.directory, 'predictions.json'), '{}')
    await expect(study('--render', output.directory)).rejects.toThrow(
      'predictions.json is not what this version writes',
    )
  })
})
