import { writeFile } from 'node:fs/promises'
import { makeSchemas } from './make-schemas.ts'

for (const [name, text] of Object.entries(makeSchemas())) await writeFile(new URL(name, import.meta.url), text)
