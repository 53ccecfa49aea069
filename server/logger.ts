import { type Logger, pino } from 'pino'

/**
 * JSON lines on stdout. Nothing personal is ever logged; of an error only these fields are, because Postgres puts the
 * offending values (an address, a code) into others.
 */
export function createLogger(level: string, kind: string): Logger {
  return pino({ level, base: { kind, pid: process.pid }, serializers: { err: describeError } })
}

interface LoggedError {
  type: string
  message: string
  code?: string
  stack?: string
  cause?: LoggedError
}

function describeError(value: unknown): LoggedError {
  if (!(value instanceof Error)) return { type: typeof value, message: String(value) }
  const { code } = value as { code?: unknown }
  return {
    type: value.name,
    message: value.message,
    ...(typeof code === 'string' && { code }),
    ...(value.stack !== undefined && { stack: value.stack }),
    ...(value.cause !== undefined && { cause: describeError(value.cause) }),
  }
}
