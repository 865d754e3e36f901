import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const home = import.meta.dirname
const stamp = '.sources'

/** Where the built client lies: `assets/…` beside `.vite/manifest.json`, each file of some size with its `.br` and `.gz`. */
export const clientFolder = join(home, 'dist')

/** Whether what lies in `clientFolder` was built from the sources as they are. */
export function isClientBuilt(): boolean {
  const file = join(clientFolder, stamp)
  return existsSync(file) && readFileSync(file, 'utf8') === fingerprint()
}

/**
 * Builds the client unless it is built already, and answers its folder. Takes a few seconds, or a few milliseconds. Two at once do the same
 * work and do not harm each other: each builds beside, and the last one to finish is put in place.
 */
export async function buildClient(): Promise<string> {
  if (isClientBuilt()) return clientFolder
  const made = `${clientFolder}.${process.pid}`
  const print = fingerprint()
  try {
    await bundle(made)
    await compressAll(join(made, 'assets'))
    writeFileSync(join(made, stamp), print)
    replace(made)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
  return clientFolder
}

/** Of every line that could change the bundle: the sources, the types they share, this file, and the packages. */
function fingerprint(): string {
  const root = join(home, '../..')
  const files = globSync(
    ['packages/web/src/**/*.{ts,tsx,css,json}', 'packages/web/build.ts', 'packages/orm/views-types.ts', 'package-lock.json'],
    { cwd: root },
  )
  const hash = createHash('sha256')
  for (const file of files.filter((name) => !name.endsWith('.test.ts')).sort())
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

async function bundle(outDir: string): Promise<void> {
  // Only here: it takes longer to load than to see that there is nothing to do.
  const [{ build }, { default: react }] = await Promise.all([import('vite'), import('@vitejs/plugin-react')])
  await build({
    root: join(home, 'src'),
    configFile: false,
    logLevel: 'warn',
    // The server puts the files there; the page is the server's own.
    base: '/web/',
    plugins: [react()],
    build: {
      outDir,
      emptyOutDir: true,
      manifest: true,
      target: 'es2022',
      // Files come out in one folder, which the server's addresses name.
      assetsDir: 'assets',
      // The policy has no `data:` for scripts and styles, and no inline script for the polyfill.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1200,
      rolldownOptions: {
        input: join(home, 'src/main.tsx'),
        // Whatever every page begins with is one file: cut by who else uses which part of it, it would be thirty.
        output: { codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] } },
      },
    },
  })
}

const small = 1000

async function compressAll(folder: string): Promise<void> {
  const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }
  await Promise.all(
    readdirSync(folder).map(async (name) => {
      const content = readFileSync(join(folder, name))
      if (content.length < small || !/\.(js|css|svg)$/.test(name)) return
      const [br, gz] = await Promise.all([promisify(brotliCompress)(content, brotli), promisify(gzip)(content, { level: 9 })])
      writeFileSync(join(folder, `${name}.br`), br)
      writeFileSync(join(folder, `${name}.gz`), gz)
    }),
  )
}

/** Servers read the folder once, when they start: between these two lines they would find none. */
function replace(made: string): void {
  const old = `${made}.old`
  mkdirSync(clientFolder, { recursive: true })
  renameSync(clientFolder, old)
  renameSync(made, clientFolder)
  rmSync(old, { recursive: true, force: true })
}

if (import.meta.main) await buildClient()
