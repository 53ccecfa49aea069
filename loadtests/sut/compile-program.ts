import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { UnreachableError } from '../errors.ts'
import { writeAtomically } from '../write-atomically.ts'

const PROJECT = fileURLToPath(new URL('../..', import.meta.url))
/** Below node_modules, so that compiled programs find their packages. */
const PROGRAMS = join(PROJECT, 'node_modules/.cache/redline/programs')
const KEPT_DAYS = 7

/** What writing says where an installation is not to be written to. */
const READ_ONLY = ['EACCES', 'EPERM', 'EROFS']

const compiled = new Map<string, Promise<string[]>>()

/**
 * Compiles a TypeScript program of this project to one file of JavaScript, packages left out: a process that runs it
 * starts faster than one that compiles file by file. Its name holds a hash of what is in it, so all trials of a run
 * measure the code that the run began with, whatever is edited meanwhile. Where nothing can be written, the program is
 * compiled as it is loaded.
 * @param programs where compiled ones are kept
 * @returns the arguments for Node that run it; the same for the whole life of this process
 * @throws UnreachableError when it cannot be compiled
 */
export function compileProgram(entry: URL, programs = PROGRAMS): Promise<string[]> {
  const key = `${programs} ${entry.href}`
  const known = compiled.get(key) ?? compile(fileURLToPath(entry), programs)
  compiled.set(key, known)
  return known
}

async function compile(entry: string, programs: string): Promise<string[]> {
  try {
    const { outputFiles } = await build({
      entryPoints: [entry],
      outbase: PROJECT,
      outdir: programs,
      entryNames: '[dir]/[name]-[hash]',
      outExtension: { '.js': '.mjs' },
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: `node${process.versions.node}`,
      sourcemap: 'linked',
      sourcesContent: false,
      plugins: [keepImportMetaUrl],
      write: false,
      logLevel: 'silent',
    })
    for (const { path, text } of outputFiles) {
      await mkdir(dirname(path), { recursive: true })
      await writeAtomically(path, text)
    }
    // Others may write and clear at the same time; what stays is found the next time.
    await removeOld(programs).catch(() => undefined)
    return ['--enable-source-maps', ...outputFiles.map(({ path }) => path).filter((path) => path.endsWith('.mjs'))]
  } catch (cause) {
    if (READ_ONLY.includes((cause as NodeJS.ErrnoException).code ?? ''))
      return ['--import', import.meta.resolve('tsx'), entry]
    throw new UnreachableError(`${entry} could not be compiled into ${programs}: ${String(cause)}`, { cause })
  }
}

/** Files beside a source file (scripts of Redis, migrations) are still found beside it. */
const keepImportMetaUrl: Plugin = {
  name: 'keep-import-meta-url',
  setup({ onLoad }) {
    onLoad({ filter: /\.m?ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const url = JSON.stringify(pathToFileURL(path).href)
      return { contents: source.replaceAll('import.meta.url', url), loader: 'ts' }
    })
  },
}

/** Programs of code that has changed since. */
async function removeOld(programs: string): Promise<void> {
  const oldest = Date.now() - KEPT_DAYS * 86_400_000
  for (const entry of await readdir(programs, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const isOld = entry.isFile() && (await stat(path)).mtimeMs < oldest
    if (isOld) await rm(path, { force: true })
  }
}
