import { randomBytes } from 'node:crypto'

/** Crockford's base 32: no I, L, O or U, so nobody reads one character as another. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** 16 characters of 5 bits each: 80 random bits. */
const LENGTH = 16
const GROUP = /.{4}(?!$)/g

/** A code that cannot be guessed, in groups that people can read to each other, such as `7K3M-0QZT-9XWE-4HBN`. */
export function newCode(): string {
  // 256 is a multiple of 32, so each character is as likely as the others.
  const characters = [...randomBytes(LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length])
  return characters.join('').replace(GROUP, '$&-')
}
