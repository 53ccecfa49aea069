import type { Request } from 'express'
import { expect, test } from 'vitest'
import { clientOf } from './client-of.ts'

const of = (ip: string, remoteAddress = '192.0.2.9') => clientOf({ ip, socket: { remoteAddress } } as Request)

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1:2:3:4:192.0.2.1', '2001:db8:1:2::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts for %s', (ip, client) => expect(of(ip)).toBe(client))

test('what a proxy names and is no address counts for the proxy', () => {
  expect(of('unknown')).toBe('192.0.2.9')
  expect(of('203.0.113.7:4711', '2001:db8::9')).toBe('2001:db8:0:0::/64')
})
