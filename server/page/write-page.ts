import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPage } from './build-page.ts'
import { readPageSources } from './read-page-sources.ts'

/**
 * Writes the page's assets below a directory as nginx serves them: hashed names, each with its `.gz` beside it
 * (`gzip_static`). The HTML is not among them: the server chooses its language.
 */
function writeAssets(directory: string): number {
  const path = '/invite/assets'
  const target = join(directory, path)
  mkdirSync(target, { recursive: true })
  const { assets } = buildPage(readPageSources(), path)
  for (const [name, { bodies }] of assets) {
    writeFileSync(join(target, name), bodies.identity)
    writeFileSync(join(target, `${name}.gz`), bodies.gzip)
  }
  return assets.size
}

const [directory] = process.argv.slice(2)
if (directory === undefined) {
  process.stderr.write("Usage: npm run page -- DIRECTORY   (writes the page's assets for a web server)\n")
  process.exit(2)
}
process.stdout.write(`${writeAssets(directory)} files in ${directory}\n`)
