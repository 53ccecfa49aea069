import type { Express } from 'express'
import type { Logger } from 'pino'
import { type Closers, createClosers } from './closers.ts'
import type { ServerConfig } from './config.ts'
import { closeServer, listen } from './listen.ts'
import { openApp } from './open-app.ts'
import { openLimiter } from './open-limiter.ts'
import { openStores, type ServerStores } from './open-stores.ts'
import { checkRedis } from './redis/connect.ts'
import { createBucketRoutes } from './routes/buckets.ts'
import { createOperations } from './routes/operations.ts'
import { VERSION } from './version.ts'

export interface RunningServer {
  readonly url: string
  readonly opsUrl: string
  /** What answers at `url`: its routes can be held against its document. */
  readonly app: Express
  close(): Promise<void>
}

/** Wires one server process: stores, limiter, routes, ports. @throws when a store cannot be reached or a port is taken */
export async function startServer(config: ServerConfig, logger: Logger): Promise<RunningServer> {
  const closers = createClosers()
  try {
    return await openServer(config, logger, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function openServer(config: ServerConfig, logger: Logger, closers: Closers): Promise<RunningServer> {
  const stores = await openStores(config, logger, closers)
  const { limiter, buckets } = await openLimiter(config, stores, closers)
  const { app, stopWatching } = openApp({ config, stores, limiter, logger }, closers)
  const ops = await listen(describeOperations(stores).use(createBucketRoutes(buckets)), {
    port: config.OPS_PORT === 0 ? 0 : config.OPS_PORT + config.SERVER_INDEX,
    host: config.OPS_HOST,
    exclusive: true,
  })
  closers.add(() => closeServer(ops.server))
  await stores.membership.announce(ops.url)
  const open = await listen(app, { port: config.PORT, host: config.HOST })
  closers.add(() => closeServer(open.server))
  // Before that: people who watch would keep the server open.
  closers.add(stopWatching)
  return { url: open.url, opsUrl: ops.url, app, close: closers.close }
}

function describeOperations({ metrics, db, redis }: ServerStores): Express {
  const probes = {
    postgres: () => db.sequelize.authenticate({ logging: false }),
    redis: () => checkRedis(redis),
  }
  return createOperations({ metrics, version: VERSION, probes })
}
