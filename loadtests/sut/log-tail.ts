import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

/** Enough for 20 lines of a structured log. */
const TAIL_BYTES = 16_384

/** The last lines of a log file; empty when it is empty or cannot be read. */
export function readTail(file: string, lines = 20): string {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const { size } = fstatSync(descriptor)
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES))
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n')
  } catch {
    return ''
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
