import { type DestinationStream, type Logger, pino } from 'pino'
import { currentTraceIds } from './tracing/tracing.ts'

/**
 * JSON lines on stdout. Nothing personal is ever logged; of an error only these fields are, because Postgres puts the
 * offending values (an address, a code) into others.
 */
export function createLogger(
  level: string,
  kind: string,
  destination: DestinationStream = pino.destination(1),
): Logger {
  const options = {
    level,
    base: { kind, pid: process.pid },
    serializers: { err: describeError },
    mixin: currentTraceIds,
  }
  return pino(options, destination)
}

/** Other systems' messages may name whom they are about: a mail server's do. */
const hideAddresses = (text: string) => text.replace(/[^\s<>()"'`,;:/@]+@[^\s<>()"'`,;:/@]+/g, '***')

interface LoggedError {
  type: string
  message: string
  code?: string
  stack?: string
  cause?: LoggedError
}

function describeError(value: unknown): LoggedError {
  if (!(value instanceof Error)) return { type: typeof value, message: hideAddresses(String(value)) }
  const { code } = value as { code?: unknown }
  return {
    type: value.name,
    message: hideAddresses(value.message),
    ...(typeof code === 'string' && { code }),
    ...(value.stack !== undefined && { stack: hideAddresses(value.stack) }),
    ...(value.cause !== undefined && { cause: describeError(value.cause) }),
  }
}
