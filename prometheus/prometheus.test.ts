import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, type TestContext, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { findProgram } from '../loadtests/sut/find-program.ts'
import { readRules, readRunbook } from './read-rules.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const PACKAGES = { promtool: 'prometheus', amtool: 'prometheus-alertmanager' }
const filesIn = (folder: string) => readdirSync(`${HERE}${folder}`).map((name) => `${folder}/${name}`)

function run({ skip }: TestContext, program: keyof typeof PACKAGES, args: readonly string[]) {
  const path = findProgram([program])
  if (path === null) return skip(`there is no ${program}: install ${PACKAGES[program]}`)
  const { status, stdout, stderr } = spawnSync(path, args, { cwd: HERE, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}`.trim() }
}

/** Not every promtool is built with Kubernetes: what its pods would be called is worked out here. */
test('kubernetes.yml is prometheus.yml, and calls each pod of ours as its rules do, and no other', () => {
  const read = (file: string) => parse(readFileSync(`${HERE}${file}`, 'utf8'))
  const { scrape_configs: scrapes, ...rest } = read('kubernetes.yml')
  const { scrape_configs: _, ...others } = read('prometheus.yml')
  expect(rest).toEqual(others)
  const manifests = ['server', 'worker', 'scheduler', 'migrate'].flatMap((name) =>
    parseAllDocuments(readFileSync(`${HERE}../compose/kubernetes/${name}.yaml`, 'utf8')).map((one) => one.toJS()),
  )
  const apps = manifests.flatMap(({ spec }) => spec?.template?.metadata?.labels?.app ?? [])
  expect(apps.sort()).toEqual(['redline-migrate', 'redline-scheduler', 'redline-server', 'redline-worker'])
  const [keep, name] = scrapes[0].relabel_configs
  expect([keep.action, name.target_label]).toEqual(['keep', 'job'])
  const kept = apps.filter((app: string) => new RegExp(`^(?:${keep.regex})$`).test(app))
  const jobs = kept.map((app: string) => new RegExp(`^(?:${name.regex})$`).exec(app)?.[1])
  expect(jobs).toEqual(['scheduler', 'server', 'worker'])
})

describe('promtool', () => {
  test('the configuration is sound, and finds its files', (context) => {
    const { status, output } = run(context, 'promtool', ['check', 'config', 'prometheus.yml'])
    expect(output).not.toMatch(/WARNING|FAILED/)
    expect(status).toBe(0)
  })

  test('rules and alerts are sound', (context) => {
    const files = [...filesIn('rules'), ...filesIn('alerts')]
    const { status, output } = run(context, 'promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...files])
    expect(output).not.toMatch(/WARNING|FAILED/)
    expect(status).toBe(0)
  })

  test.for(filesIn('tests'))('%s: alerts fire when they must, and only then', (file, context) => {
    const { status, output } = run(context, 'promtool', ['test', 'rules', file])
    expect(output).toContain('SUCCESS')
    expect(status).toBe(0)
  })
})

describe('amtool', () => {
  test('the configuration is sound', (context) => {
    const { status, output } = run(context, 'amtool', ['check-config', 'alertmanager.yml'])
    expect(output).toContain('4 inhibit rules')
    expect(status).toBe(0)
  })

  test.for([
    ['severity=page', 'page'],
    ['severity=ticket', 'ticket'],
    ['severity=none', 'ticket'],
  ] as const)('%s goes to %s', ([label, receiver], context) => {
    const args = ['config', 'routes', 'test', '--config.file=alertmanager.yml', label, 'alertname=X']
    expect(run(context, 'amtool', args).output.split('\n')[0]).toBe(receiver)
  })
})

describe('alerts', () => {
  const alerts = readRules('alerts').filter(({ alert }) => alert !== undefined)
  const names = [...new Set(alerts.map(({ alert }) => alert ?? ''))]

  test.each(alerts.map((rule) => [`${rule.alert} ${rule.labels['long'] ?? ''}`.trim(), rule] as const))(
    '%s says how urgent it is, what is wrong, and what to read',
    (_, { alert, labels, annotations }) => {
      expect(alert).toMatch(/^([A-Z][a-z]+)+$/)
      expect(labels['severity']).toMatch(/^(page|ticket)$/)
      expect(annotations['summary']).toBeTruthy()
      expect(annotations['description']).toBeTruthy()
      expect(annotations['runbook_url']).toBe(`{{ $externalURL }}/user/${alert}.md`)
    },
  )

  test.each(names)('%s is made to fire by a test', (name) => {
    const tests = filesIn('tests').map((file) => readFileSync(`${HERE}${file}`, 'utf8'))
    expect(tests.some((text) => text.includes(`alertname="${name}"`))).toBe(true)
  })

  test.each(names)('%s has a runbook', (name) => {
    const runbook = readRunbook(name)
    const headings = [...runbook.matchAll(/^## (.*)$/gm)].map((match) => match[1])
    expect(runbook).toMatch(new RegExp(`^# ${name}\n`))
    expect(headings).toEqual(['Meaning', 'Impact', 'Diagnosis', 'Mitigation'])
    expect(runbook).toMatch(/```(sh|promql)\n/)
  })

  test('no runbook is left over', () => {
    expect(filesIn('runbooks').sort()).toEqual(names.map((name) => `runbooks/${name}.md`).sort())
  })
})
