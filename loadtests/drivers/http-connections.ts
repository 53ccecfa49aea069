import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type AnswerReader, createAnswerReader } from './answer-reader.ts'
import type { Answer } from './recipes/recipe.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** Shorter than Node's servers keep an idle connection, so that none is used just as it is closed. */
const KEEP_IDLE_MS = 3_000
const LOOK_EVERY_MS = 250
/** One for all connections: what was read is parsed before the next read begins. */
const READ_BUFFER_BYTES = 65_536

export interface Exchange {
  /** The whole request, HTTP/1.1. */
  readonly text: string
  /** A connection has taken it. */
  onSent(): void
  onAnswer(answer: Answer): void
  /** No answer came: within its time, or because the connection broke or could not be made. */
  onError(isTimeout: boolean): void
}

export interface HttpConnections {
  /** Sends over a free connection; waits in line for one when there are as many as there may be. */
  send(exchange: Exchange): void
  /** Breaks all connections. What was under way or in line is told nothing more. */
  close(): void
}

interface Connection {
  readonly socket: Socket
  readonly reader: AnswerReader
  exchange: Exchange | null
  /** By performance.now(): when what it does now began, be it connecting, an exchange or nothing at all. */
  since: number
  state: 'connecting' | 'busy' | 'idle' | 'ended'
}

/**
 * HTTP/1.1 connections that are kept, one request at a time on each, the one that was used last first. A load generator
 * needs little of a client, and each microsecond of it is taken from the system that is measured: one write per request,
 * answers parsed in the moment in which they are read.
 */
export function createHttpConnections(url: string, most: number, timeoutMs: number): HttpConnections {
  const { protocol, hostname, port } = new URL(url)
  const isTls = protocol === 'https:'
  const host = hostname.replace(/^\[|\]$/g, '')
  const address = { host, port: Number(port || (isTls ? 443 : 80)), noDelay: true }
  const buffer = Buffer.allocUnsafe(READ_BUFFER_BYTES)
  const all = new Set<Connection>()
  const idle: Connection[] = []
  const line: Exchange[] = []
  let isClosed = false

  function open(): void {
    let connection: Connection
    const onread = {
      buffer,
      callback(bytes: number) {
        read(connection, buffer, bytes)
        return true
      },
    }
    const socket = isTls ? connectTls({ ...address, servername: host }) : connectTcp({ ...address, onread })
    const reader = createAnswerReader()
    connection = { socket, reader, exchange: null, since: performance.now(), state: 'connecting' }
    all.add(connection)
    if (isTls) socket.on('data', (chunk: Buffer) => read(connection, chunk, chunk.length))
    socket.once(isTls ? 'secureConnect' : 'connect', () => release(connection))
    socket.on('end', () => {
      const answer = reader.end()
      if (answer) finish(connection, answer, false)
    })
    socket.on('error', () => {})
    socket.once('close', () => lose(connection, false))
  }

  function release(connection: Connection): void {
    const next = line.shift()
    connection.since = performance.now()
    connection.state = 'idle'
    if (next) transmit(connection, next)
    else idle.push(connection)
  }

  function transmit(connection: Connection, exchange: Exchange): void {
    connection.state = 'busy'
    connection.exchange = exchange
    connection.since = performance.now()
    connection.socket.write(exchange.text)
    exchange.onSent()
  }

  function read(connection: Connection, chunk: Buffer, bytes: number): void {
    const answer = connection.reader.read(chunk, bytes)
    if (answer === 'broken') connection.socket.destroy()
    else if (answer) finish(connection, answer, connection.reader.keepsAlive)
  }

  function finish(connection: Connection, answer: Answer, isKept: boolean): void {
    const { exchange } = connection
    connection.exchange = null
    // An answer that nobody asked for is no good sign.
    if (isKept && exchange) release(connection)
    else end(connection)
    exchange?.onAnswer(answer)
  }

  /** A connection that is gone takes its request with it; one that could not be made, the first in line. */
  function lose(connection: Connection, isTimeout: boolean): void {
    if (connection.state === 'ended') return
    const exchange = connection.state === 'connecting' ? line.shift() : connection.exchange
    connection.exchange = null
    end(connection)
    exchange?.onError(isTimeout)
  }

  function end(connection: Connection): void {
    connection.state = 'ended'
    all.delete(connection)
    const place = idle.indexOf(connection)
    if (place >= 0) idle.splice(place, 1)
    connection.socket.destroy()
    if (line.length > 0 && !isClosed && all.size < most) open()
  }

  const watch = setInterval(() => {
    const now = performance.now()
    for (const connection of [...all]) {
      const limit = { connecting: CONNECT_TIMEOUT_MS, busy: timeoutMs, idle: KEEP_IDLE_MS, ended: 0 }[connection.state]
      if (now - connection.since > limit) lose(connection, true)
    }
  }, LOOK_EVERY_MS)

  return {
    send(exchange) {
      const free = idle.pop()
      if (free) return transmit(free, exchange)
      line.push(exchange)
      if (all.size < most) open()
    },
    close() {
      isClosed = true
      clearInterval(watch)
      line.length = 0
      for (const connection of [...all]) end(connection)
    },
  }
}
