import { createHmac, type KeyObject } from 'node:crypto'

/** Half of a SHA-256 tells addresses apart as well as the whole one. */
const HEX_DIGITS = 32

/** What stands for a client's address: without the key nobody finds out which one it was. */
export function hashAddress(key: KeyObject, address: string): string {
  return createHmac('sha256', key).update(address).digest('hex').slice(0, HEX_DIGITS)
}
