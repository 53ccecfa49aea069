import { isIP, isIPv4 } from 'node:net'
import type { Request } from 'express'

/**
 * Who a request is counted for: an IPv4 address, or the /64 network of an IPv6 one, because a household gets a whole
 * network and could take a new address for each request. `trust proxy` says how many proxies are believed; what they
 * name and is no address counts for the proxy itself.
 */
export function clientOf(request: Pick<Request, 'ip' | 'socket'>): string {
  const named = withoutZone(request.ip)
  const address = isIP(named) === 0 ? withoutZone(request.socket.remoteAddress) : named
  return isIPv4(address) || isIP(address) === 0 ? address : networkOf(address)
}

const withoutZone = (address = '') => address.replace(/%.*$/, '')

function networkOf(ipv6: string): string {
  // The URL parser knows every way to write one; what it gives has at most one "::".
  const [head = '', tail = ''] = new URL(`http://[${ipv6}]`).hostname.slice(1, -1).split('::')
  const [first, last] = [head, tail].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]]
  const groups = [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last]
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  if (groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff') return [high >> 8, high & 255, low >> 8, low & 255].join('.')
  return `${groups.slice(0, 4).join(':')}::/64`
}
