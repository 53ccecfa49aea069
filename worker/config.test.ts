import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { serverConfig, serverEnvironment } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { schedulerConfig, workerConfig } from './config.ts'

const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')
const example: Record<string, string | undefined> = { ...parseEnv(text) }
const { DATABASE_URL, REDIS_URL, SMTP_URL } = example
/** Set by the cluster for each of its processes, never by a person. */
const INTERNAL = ['SERVER_INDEX', 'WORKER_INDEX']

describe('.env.example', () => {
  test('names exactly the variables of the three processes', () => {
    const shapes = [serverEnvironment, workerConfig, schedulerConfig].flatMap(({ shape }) => Object.keys(shape))
    const known = [...new Set(shapes)].filter((name) => !INTERNAL.includes(name))
    expect(Object.keys(example).sort()).toEqual(known.sort())
  })

  test.each([
    ['server', serverConfig],
    ['worker', workerConfig],
    ['scheduler', schedulerConfig],
  ] as const)('holds what the %s takes when only its stores are given', (_, schema) => {
    expect(parseEnvironment(schema, example)).toEqual(parseEnvironment(schema, { DATABASE_URL, REDIS_URL, SMTP_URL }))
  })

  test('explains each variable in the line above it', () => {
    const lines = text.split('\n')
    const unexplained = lines.filter((line, index) => /^\w+=/.test(line) && !lines[index - 1]?.startsWith('# '))
    expect(unexplained).toEqual([])
  })
})
