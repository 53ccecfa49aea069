import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createHttpConnections, type HttpConnections } from './http-connections.ts'

const OK = 'HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}'

let server: Server | undefined
let connections: HttpConnections | undefined
let accepted = 0

afterEach(() => {
  connections?.close()
  server?.close()
})

/** A server that answers each request by hand. */
async function serve(answer: (socket: Socket, number: number) => void, most = 5, timeoutMs = 5_000): Promise<void> {
  let number = 0
  accepted = 0
  server = createServer((socket) => {
    accepted++
    socket.on('error', () => {}).on('data', () => answer(socket, ++number))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  connections = createHttpConnections(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, most, timeoutMs)
}

const text = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n'

/** @returns what came of it: the answer, 'timeout' or 'error'; with `sent ` before it once a connection had taken it */
function ask(): Promise<string> {
  let sent = ''
  return new Promise((resolve) => {
    connections?.send({
      text,
      onSent: () => {
        sent = 'sent '
      },
      onAnswer: ({ status, body }) => resolve(`${sent}${status} ${body}`),
      onError: (isTimeout) => resolve(`${sent}${isTimeout ? 'timeout' : 'error'}`),
    })
  })
}

describe('an answer is read', () => {
  test.each([
    ['with a length', OK, 'sent 202 {}'],
    [
      'in chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
      'sent 200 {"a":1}',
    ],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 'sent 204 '],
    [
      'with the length of a body that was not modified',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
      'sent 304 ',
    ],
    ['after early hints', `HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}`, 'sent 202 {}'],
    ['with letters of two bytes', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\naé', 'sent 200 aé'],
  ])('%s, and its connection is used again', async (_, bytes, expected) => {
    await serve((socket) => socket.write(bytes))
    expect([await ask(), await ask()]).toEqual([expected, expected])
    expect(accepted).toBe(1)
  })

  test('byte by byte', async () => {
    await serve(async (socket) => {
      socket.setNoDelay(true)
      for (const byte of OK) await new Promise((resolve) => socket.write(byte, () => setImmediate(resolve)))
    })
    expect(await ask()).toBe('sent 202 {}')
  })

  test('that ends with its connection', async () => {
    await serve((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'))
    expect([await ask(), await ask()]).toEqual(['sent 200 all of it', 'sent 200 all of it'])
    expect(accepted).toBe(2)
  })

  test('after which the server wants no more on this connection', async () => {
    await serve((socket) => socket.write(OK.replace('\r\n', '\r\nConnection: close\r\n')))
    expect([await ask(), await ask()]).toEqual(['sent 202 {}', 'sent 202 {}'])
    expect(accepted).toBe(2)
  })
})

describe('no answer', () => {
  test('what is no HTTP breaks the connection', async () => {
    await serve((socket) => socket.write('220 mail.test ESMTP\r\n'))
    expect(await ask()).toBe('sent error')
  })

  test('two answers to one request break the connection: the next one would be taken for another request', async () => {
    await serve((socket, number) => socket.write(number === 1 ? OK + OK : OK))
    expect([await ask(), await ask()]).toEqual(['sent error', 'sent 202 {}'])
    expect(accepted).toBe(2)
  })

  test('half an answer, and the connection is gone', async () => {
    await serve((socket) => socket.end(OK.slice(0, -1)))
    expect(await ask()).toBe('sent error')
  })

  test('in its time', async () => {
    await serve(() => {}, 5, 300)
    expect(await ask()).toBe('sent timeout')
  })

  test('because nobody listens there', async () => {
    await serve(() => {})
    server?.close()
    expect(await Promise.all([ask(), ask()])).toEqual(['error', 'error'])
  })
})

test('with as many connections as there may be, the others wait in line, in order', async () => {
  const sockets: Socket[] = []
  await serve((socket) => sockets.push(socket), 2)
  const order: number[] = []
  const asked = [0, 1, 2, 3].map((index) => ask().then(() => order.push(index)))
  await expect.poll(() => sockets.length).toBe(2)
  for (let answered = 0; answered < 4; answered++) {
    await expect.poll(() => sockets.length).toBeGreaterThan(answered)
    sockets[answered]?.write(OK)
  }
  await Promise.all(asked)
  expect(order.slice(2)).toEqual([2, 3])
  expect(accepted).toBe(2)
})
