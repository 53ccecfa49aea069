import { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { trackRunId } from './run-id.ts'

/** A connection on which INFO gives these answers, one after the other. */
function createConnection(...answers: (string | Error)[]) {
  const connection = Object.assign(new EventEmitter(), {
    status: 'ready',
    asked: 0,
    async info() {
      const answer = answers[Math.min(connection.asked++, answers.length - 1)]
      if (answer instanceof Error) throw answer
      return `# Server\r\nredis_version:7.0\r\nrun_id:${answer}\r\n`
    },
  })
  return connection
}
const track = (connection: ReturnType<typeof createConnection>) => trackRunId(connection as unknown as Redis)

test('is unknown while the connection is down, and read anew on the next', async () => {
  const connection = createConnection('first', 'second')
  const runId = track(connection)
  expect(await runId.known(1_000)).toBe('first')
  connection.emit('close')
  expect(runId.current).toBeUndefined()
  connection.emit('ready')
  expect(await runId.known(1_000)).toBe('second')
})

test('is asked for again when the answer timed out on a connection that stands', async () => {
  const connection = createConnection(new Error('Command timed out'), 'first')
  expect(await track(connection).known(5_000)).toBe('first')
})

test('who waits for it is told when it takes too long', async () => {
  const connection = Object.assign(createConnection('late'), { status: 'connecting' })
  await expect(track(connection).known(10)).rejects.toThrow('Redis was not reachable within 10 ms')
})
