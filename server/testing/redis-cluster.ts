import { type RedisProcess, startRedisProcess, untilTrue } from './redis-process.ts'

const MASTERS = 3
const SLOTS = 16_384
const SETTINGS = [
  'cluster-enabled yes',
  // A node that does not answer for so many ms has failed.
  'cluster-node-timeout 3000',
  // The slots of the other nodes are served while one is away.
  'cluster-require-full-coverage no',
  'cluster-replica-validity-factor 0',
  'appendonly yes',
  'appendfsync everysec',
  'repl-diskless-sync-delay 0',
]

/** A real cluster of three masters, each with as many replicas as asked for. */
export interface RedisCluster {
  readonly url: string
  readonly masters: readonly RedisProcess[]
  readonly replicas: readonly RedisProcess[]
  /** The master that served a key when the cluster was made. */
  masterOf(key: string): Promise<RedisProcess>
  stop(): Promise<void>
}

export async function startRedisCluster({ withReplicas = false } = {}): Promise<RedisCluster> {
  const started = await Promise.allSettled(
    Array.from({ length: withReplicas ? 2 * MASTERS : MASTERS }, () => startRedisProcess(SETTINGS)),
  )
  const nodes = started.flatMap((node) => (node.status === 'fulfilled' ? [node.value] : []))
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())))
  try {
    const failed = started.find((node) => node.status === 'rejected')
    if (failed) throw failed.reason
    return { ...(await join(nodes)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function join(nodes: readonly RedisProcess[]): Promise<Omit<RedisCluster, 'stop'>> {
  const [masters, replicas] = [nodes.slice(0, MASTERS), nodes.slice(MASTERS)]
  const firstSlots = Array.from({ length: MASTERS + 1 }, (_, index) => Math.floor((index * SLOTS) / MASTERS))
  for (const [index, { admin }] of masters.entries()) {
    const [first = 0, next = SLOTS] = firstSlots.slice(index)
    await admin.cluster('SET-CONFIG-EPOCH', index + 1)
    await admin.cluster('ADDSLOTS', ...Array.from({ length: next - first }, (_, offset) => first + offset))
  }
  const [first, ...others] = nodes
  const meetFirst = ({ admin }: RedisProcess) => admin.cluster('MEET', '127.0.0.1', first?.port ?? 0)
  await Promise.all(others.map(meetFirst))
  await Promise.all(nodes.map((node) => untilTrue('the cluster', () => knowsAll(node, nodes.length))))
  for (const [index, { admin }] of replicas.entries())
    await admin.cluster('REPLICATE', String(await masters[index]?.admin.cluster('MYID')))
  await Promise.all(replicas.map((replica) => untilTrue('a replica', () => isInSync(replica))))
  await Promise.all(nodes.map((node) => untilTrue('the cluster', () => isOk(node))))
  return {
    url: `redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    replicas,
    async masterOf(key) {
      const slot = Number(await masters[0]?.admin.cluster('KEYSLOT', key))
      const master = masters[firstSlots.findIndex((first) => first > slot) - 1]
      if (master === undefined) throw new Error(`No master serves ${key}`)
      return master
    },
  }
}

const info = async ({ admin }: RedisProcess) => String(await admin.cluster('INFO'))

/** A node whose handshake goes on counts as known already. */
async function knowsAll({ admin }: RedisProcess, size: number): Promise<boolean> {
  const nodes = String(await admin.cluster('NODES'))
    .trim()
    .split('\n')
  return nodes.length === size && nodes.every((line) => !line.includes('handshake'))
}

async function isOk(node: RedisProcess): Promise<boolean> {
  const state = await info(node)
  return state.includes('cluster_state:ok') && state.includes(`cluster_slots_ok:${SLOTS}\r`)
}

/** Also used by a test of sentinels: a replica has what its master has. */
export async function isInSync({ admin }: RedisProcess): Promise<boolean> {
  const state = await admin.info('replication')
  return state.includes('role:slave') && state.includes('master_link_status:up')
}
