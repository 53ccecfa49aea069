import { commonEnvironment } from '../server/config.ts'
import { parseEnvironment } from '../server/environment.ts'
import { exitWith } from '../server/lifecycle.ts'
import { workerConfig } from './config.ts'
import type { Finding } from './doctor/check.ts'
import { runDoctor } from './doctor/run-doctor.ts'

const USAGE = `Usage: npm run doctor [-- --json]

Looks at Redis, Postgres, the processes, their backlog and the mail server, and says what to do about what is wrong.
It takes the environment of a worker (SMTP_URL may be missing) and changes nothing.

Exit codes: 0 all is well, 1 something is wrong, 2 wrong use or environment, 3 a store cannot be reached.
`

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(USAGE)
  if (args.some((arg) => arg !== '--json')) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  const schema = commonEnvironment.extend({ SMTP_URL: workerConfig.shape.SMTP_URL.optional() })
  const findings = await runDoctor(parseEnvironment(schema, process.env))
  const exitCode = judge(findings)
  process.stdout.write(
    args.includes('--json') ? `${JSON.stringify({ ok: exitCode === 0, findings })}\n` : render(findings),
  )
  process.exitCode = exitCode
}

function judge(findings: readonly Finding[]): number {
  if (findings.some(({ unreachable }) => unreachable)) return 3
  return findings.every(({ ok }) => ok) ? 0 : 1
}

function render(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const lines = findings.map(({ name, ok, detail, advice }) => {
    const line = `${ok ? '✓' : '✗'} ${name.padEnd(width)}  ${detail}`
    return advice === undefined ? line : `${line}\n${' '.repeat(width + 4)}→ ${advice}`
  })
  return `${lines.join('\n')}\n`
}

main(process.argv.slice(2)).catch((error: unknown) => exitWith('doctor', error))
