import { expect, test } from 'vitest'
import { newCode } from './new-code.ts'

const many = Array.from({ length: 5_000 }, newCode)

test('a code is what the public endpoints take, in four groups of an unambiguous alphabet', () => {
  for (const code of many) expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/)
})

test('each of 16 places takes each of 32 characters: 80 bits', () => {
  const places = many.map((code) => [...code.replaceAll('-', '')])
  for (let place = 0; place < 16; place++) expect(new Set(places.map((code) => code[place])).size).toBe(32)
  expect(new Set(many).size).toBe(many.length)
})
