import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { findK6 } from '../loadtests/drivers/k6-binary.ts'
import { serverConfig } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { schedulerConfig, workerConfig } from '../worker/config.ts'

const run = promisify(execFile)
const HERE = join(dirname(fileURLToPath(import.meta.url)), 'kubernetes')
const PROJECT = dirname(dirname(HERE))
const VALIDATE = join(PROJECT, 'node_modules/.cache/redline/kubernetes-validate/bin/kubernetes-validate')
/** Not of Kubernetes itself: they have schemas of their own. */
const FOREIGN = ['kustomization.yaml', 'prometheus-adapter.yaml', 'k6-testrun.yaml']
const files = readdirSync(HERE).filter((file) => file.endsWith('.yaml'))

const container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  envFrom: z.unknown().optional(),
  env: z.array(z.object({ name: z.string(), value: z.string().optional(), valueFrom: z.unknown().optional() })),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).optional(),
  readinessProbe: z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) }).optional(),
})
const object = z.looseObject({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
  spec: z.record(z.string(), z.unknown()).optional(),
})
const objects = files
  .filter((file) => !FOREIGN.includes(file))
  .flatMap((file) => parseAllDocuments(readFileSync(join(HERE, file), 'utf8')))
  .map((document) => object.parse(document.toJS()))
const ofKind = (kind: string) => objects.filter((one) => one.kind === kind)

const workload = z.object({
  selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
  template: z.object({
    metadata: z.object({ labels: z.record(z.string(), z.string()) }),
    spec: z.object({ terminationGracePeriodSeconds: z.number(), containers: z.array(container).length(1) }),
  }),
})
const deployments = ofKind('Deployment').map(({ metadata, spec }) => ({ name: metadata.name, ...workload.parse(spec) }))

test("every manifest is valid by Kubernetes' own schemas, with no field that they do not know", async ({ skip }) => {
  skip(!existsSync(VALIDATE), 'there is no kubernetes-validate (compose/setup-tools.sh installs it)')
  const manifests = files.filter((file) => !FOREIGN.includes(file)).map((file) => join(HERE, file))
  await run(VALIDATE, ['--strict', ...manifests]).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(error.stdout + error.stderr)
  })
})

test('the kustomization names every manifest', () => {
  const { resources } = parse(readFileSync(join(HERE, 'kustomization.yaml'), 'utf8')) as { resources: string[] }
  expect(resources.sort()).toEqual(files.filter((file) => !FOREIGN.includes(file)).sort())
})

describe.each(deployments)('$name', ({ name, selector, template }) => {
  const [only] = template.spec.containers
  const schemas: Record<string, z.ZodType> = {
    'redline-server': serverConfig,
    'redline-worker': workerConfig,
    'redline-scheduler': schedulerConfig,
  }

  test('selects its own pods, has a disruption budget, and asks the operations port whether it is ready', () => {
    expect(template.metadata.labels).toMatchObject(selector.matchLabels)
    expect(ofKind('PodDisruptionBudget').map(({ spec }) => spec?.['selector'])).toContainEqual(selector)
    const ops = only?.ports?.find((port) => port.name === only.readinessProbe?.httpGet.port)
    expect(ops?.containerPort).toBe(Number(ofKind('ConfigMap')[0]?.data?.['OPS_PORT']))
    expect(only?.readinessProbe?.httpGet.path).toBe('/health/ready')
    // A worker takes up to 25 s to end; the server's pause before comes on top.
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(30)
  })

  test('starts a program that exists, with an environment that it takes', () => {
    expect(existsSync(join(PROJECT, only?.command.at(-1) ?? ''))).toBe(true)
    const own = (only?.env ?? []).map((variable) => [variable.name, variable.value ?? SECRETS[variable.name] ?? ''])
    const environment = { ...ofKind('ConfigMap')[0]?.data, ...Object.fromEntries(own) }
    const schema = schemas[name]
    expect(schema, name).toBeDefined()
    if (schema !== undefined) expect(() => parseEnvironment(schema, environment)).not.toThrow()
  })
})

const SECRETS: Record<string, string> = {
  DATABASE_URL: 'postgres://u:p@host/db',
  REDIS_URL: 'redis://host:6379',
  SMTP_URL: 'smtp://host:25',
  ADMIN_JWT_SECRET: 'x'.repeat(32),
  BOARD_PASSWORD: 'x'.repeat(32),
}

test('autoscalers and services point at what is there', () => {
  const names = deployments.map(({ name }) => name)
  const scaled = ofKind('HorizontalPodAutoscaler').map(({ spec }) => spec?.['scaleTargetRef'] as { name: string })
  expect(names).toEqual(expect.arrayContaining(scaled.map(({ name }) => name)))
  const [service] = ofKind('Service')
  expect(deployments.map(({ selector }) => selector.matchLabels)).toContainEqual(service?.spec?.['selector'])
})

/**
 * What of k6.io/v1alpha1 TestRun is used here, by the operator's reference; strict, so that a misspelt field fails.
 * https://grafana.com/docs/k6/latest/set-up/set-up-distributed-k6/usage/configuration-options/
 */
const testRun = z.strictObject({
  apiVersion: z.literal('k6.io/v1alpha1'),
  kind: z.literal('TestRun'),
  metadata: z.strictObject({ name: z.string(), namespace: z.string() }),
  spec: z.strictObject({
    parallelism: z.int().min(2),
    separate: z.boolean(),
    script: z.strictObject({ configMap: z.strictObject({ name: z.string(), file: z.string().endsWith('.tar') }) }),
    arguments: z.string(),
    runner: z.strictObject({
      image: z.string(),
      metadata: z.strictObject({ labels: z.record(z.string(), z.string()) }),
      securityContext: z.looseObject({ runAsNonRoot: z.literal(true) }),
      containerSecurityContext: z.looseObject({ allowPrivilegeEscalation: z.literal(false) }),
      env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
      resources: z.looseObject({ requests: z.record(z.string(), z.string()) }),
    }),
  }),
})

describe('load from several pods', () => {
  const manifest = testRun.parse(parse(readFileSync(join(HERE, 'k6-testrun.yaml'), 'utf8')))

  test('the script and all that it imports go into one archive, which k6 runs with what a runner is told', async ({
    skip,
  }) => {
    const k6 = await findK6().catch(() => null)
    skip(k6 === null || k6.args.length > 0, 'there is no k6 (npm run setup:k6 builds it)')
    const directory = mkdtempSync(join(tmpdir(), 'k6-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const env = { ...process.env, K6_BIN: k6?.command }
    await run('sh', [join(HERE, 'k6.sh'), directory, 'RATE=400', 'DURATION=300'], { env })
    const told = manifest.spec.runner.env.flatMap(({ name, value }) => ['-e', `${name}=${value}`])
    const archive = join(directory, manifest.spec.script.configMap.file)
    const { stdout } = await run(k6?.command ?? '', ['inspect', '--execution-requirements', ...told, archive], { env })
    const requirements = JSON.parse(stdout) as { scenarios: { load: object } }
    // 400 a second, as k6 counts in whole iterations per unit of time.
    expect(requirements.scenarios.load).toMatchObject({ executor: 'constant-arrival-rate', duration: '5m0s' })
    expect(requirements.scenarios.load).toMatchObject({ rate: 40_000, timeUnit: '1m40s' })
  })
})
