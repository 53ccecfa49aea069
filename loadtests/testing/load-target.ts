import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Answer, readAnswers } from '../drivers/answers-file.ts'
import type { LoadSpec } from '../drivers/driver.ts'

/** A server for one test of a driver, and a place for what the driver writes. */
export function createLoadTarget() {
  const directory = mkdtempSync(join(tmpdir(), 'driver-test-'))
  let server: Server | undefined
  return {
    directory,
    /** @returns its URL */
    async serve(listener: RequestListener): Promise<string> {
      server = createServer(listener)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    specFor(url: string, more: Partial<LoadSpec> = {}): LoadSpec {
      return {
        url,
        connections: 5,
        requests: { kind: 'redeem-shared', codes: ['HOT'], email_prefix: 'person', seed: 1 },
        answers_file: join(directory, 'answers.tsv'),
        ...more,
      }
    },
    closeServer() {
      server?.close()
      server?.closeAllConnections()
    },
    remove() {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export async function collectAnswers(path: string): Promise<Answer[]> {
  const answers: Answer[] = []
  for await (const answer of readAnswers(path)) answers.push(answer)
  return answers
}
