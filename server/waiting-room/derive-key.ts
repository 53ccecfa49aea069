import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

/** A key for one purpose: what is signed with it is never valid for another one, nor as an administrator's token. */
export function deriveKey(secret: string, purpose: 'waiting-room pass' | 'address hash'): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `redline ${purpose}`, 32)))
}
