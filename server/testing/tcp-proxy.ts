import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a store or a mail server, so that a test can take the latter away. */
export interface TcpProxy {
  /** The target's URL with the proxy's host and port. */
  readonly url: string
  /** Breaks every connection; new ones are accepted. */
  breakConnections(): void
  /** Breaks every connection, and each new one at once. */
  cut(): void
  /** Keeps every connection, and passes nothing on. */
  freeze(): void
  /** Passes on what clients say, and no answer. */
  loseAnswers(): void
  /** Undoes `cut`, `freeze` and `loseAnswers`. */
  heal(): void
  close(): Promise<void>
}

export async function createTcpProxy(targetUrl: string): Promise<TcpProxy> {
  const target = new URL(targetUrl)
  const pairs = new Set<[Socket, Socket]>()
  let state: 'open' | 'cut' | 'frozen' | 'deaf' = 'open'

  const server = createServer((client) => {
    if (state === 'cut') return void client.destroy()
    const upstream = connect({ host: target.hostname, port: Number(target.port) })
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.pipe(to)
      from.on('error', () => {})
      from.on('close', () => {
        to.destroy()
        pairs.delete(pair)
      })
    }
    if (state === 'frozen') stop(pair)
    if (state === 'deaf') loseAnswersOf(pair)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(targetUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  function stop([client, upstream]: [Socket, Socket]): void {
    client.unpipe(upstream)
    upstream.unpipe(client)
  }
  /** Read and thrown away: an answer that is only held back would arrive after all. */
  function loseAnswersOf([client, upstream]: [Socket, Socket]): void {
    upstream.unpipe(client)
    upstream.resume()
  }
  function breakConnections(): void {
    for (const [client] of pairs) client.destroy()
  }

  return {
    url: url.href,
    breakConnections,
    cut() {
      state = 'cut'
      breakConnections()
    },
    freeze() {
      state = 'frozen'
      for (const pair of pairs) stop(pair)
    },
    loseAnswers() {
      state = 'deaf'
      for (const pair of pairs) loseAnswersOf(pair)
    },
    heal() {
      // Whoever missed an answer must not take a later one for it.
      if (state === 'deaf') breakConnections()
      if (state === 'frozen')
        for (const [client, upstream] of pairs) {
          client.pipe(upstream)
          upstream.pipe(client)
        }
      state = 'open'
    },
    async close() {
      breakConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
