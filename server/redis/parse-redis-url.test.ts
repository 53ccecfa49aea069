import { expect, test } from 'vitest'
import { parseRedisUrl } from './parse-redis-url.ts'

const OPEN = { username: undefined, password: undefined, isEncrypted: false }

test('one server is left to the client library', () => {
  expect(parseRedisUrl('redis://127.0.0.1:6379/3')).toEqual({ kind: 'server', url: 'redis://127.0.0.1:6379/3' })
  expect(parseRedisUrl('rediss://host')).toEqual({ kind: 'server', url: 'rediss://host' })
})

test('nodes of a cluster, with and without ports and credentials', () => {
  expect(parseRedisUrl('redis+cluster://a:7000,b,[::1]:7002')).toEqual({
    kind: 'cluster',
    nodes: [
      { host: 'a', port: 7000 },
      { host: 'b', port: 6379 },
      { host: '::1', port: 7002 },
    ],
    ...OPEN,
  })
  expect(parseRedisUrl('rediss+cluster://me:p%40ss@a:7000/0')).toMatchObject({
    username: 'me',
    password: 'p@ss',
    isEncrypted: true,
  })
})

test('sentinels and the name of their master', () => {
  expect(parseRedisUrl('redis+sentinel://:secret@a,b:26380/my-master')).toEqual({
    kind: 'sentinel',
    sentinels: [
      { host: 'a', port: 26379 },
      { host: 'b', port: 26380 },
    ],
    master: 'my-master',
    ...OPEN,
    password: 'secret',
  })
})

test.each([
  ['http://a', 'that starts with redis://'],
  ['redis+cluster://a:7000/2', 'a cluster has database 0 only'],
  ['redis+cluster://', 'host:port,host:port'],
  ['redis+cluster://a:7000,,b:7001', 'host:port,host:port'],
  ['redis+cluster://a:70000', 'host:port,host:port'],
  ['redis+sentinel://a:26379', '/master-name'],
  ['redis+cluster://u:%ZZ@a', 'percent-encoded'],
])('%s is refused', (url, complaint) => {
  expect(() => parseRedisUrl(url)).toThrow(complaint)
})
