/** An address of a Redis node or of a sentinel. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

interface Access {
  readonly username: string | undefined
  readonly password: string | undefined
  readonly isEncrypted: boolean
}

/** What REDIS_URL names: one server, some nodes of a cluster, or sentinels that know where a master is. */
export type RedisTarget =
  | { readonly kind: 'server'; readonly url: string }
  | ({ readonly kind: 'cluster'; readonly nodes: readonly Endpoint[] } & Access)
  | ({ readonly kind: 'sentinel'; readonly sentinels: readonly Endpoint[]; readonly master: string } & Access)

const GROUP = /^(rediss?)\+(cluster|sentinel):\/\/(?:([^@/]*)@)?([^@/]*)(?:\/(.*))?$/
const DEFAULT_PORTS = { cluster: 6379, sentinel: 26379 } as const

/** @throws Error that says what is wrong, without the URL: it may hold a password */
export function parseRedisUrl(url: string): RedisTarget {
  if (/^rediss?:\/\//.test(url)) return { kind: 'server', url }
  if (!/^rediss?\+(cluster|sentinel):\/\//.test(url))
    throw new Error('expected a URL that starts with redis://, rediss://, redis+cluster:// or redis+sentinel://')
  const [, scheme, kind, credentials = '', hosts = '', path = ''] = GROUP.exec(url) ?? []
  const access = { ...parseCredentials(credentials), isEncrypted: scheme === 'rediss' }
  if (kind === 'cluster') {
    if (path !== '' && path !== '0') throw new Error('expected no path: a cluster has database 0 only')
    return { kind, nodes: parseEndpoints(hosts, DEFAULT_PORTS.cluster), ...access }
  }
  if (!/^[\w.-]+$/.test(path)) throw new Error('expected redis+sentinel://host:port,host:port/master-name')
  return { kind: 'sentinel', sentinels: parseEndpoints(hosts, DEFAULT_PORTS.sentinel), master: path, ...access }
}

function parseCredentials(credentials: string): Pick<Access, 'username' | 'password'> {
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/.exec(credentials) ?? []
  return { username: decode(username) || undefined, password: decode(password) || undefined }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('expected a user and a password that are percent-encoded')
  }
}

/** `host:port,[::1]:port,host`: an IPv6 address stands in brackets. */
function parseEndpoints(hosts: string, defaultPort: number): Endpoint[] {
  return hosts.split(',').map((text) => {
    const [, bracketed, plain, port = String(defaultPort)] =
      /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
    const host = bracketed ?? plain
    if (host === undefined || Number(port) > 65_535 || Number(port) < 1)
      throw new Error('expected hosts as host:port,host:port')
    return { host, port: Number(port) }
  })
}
