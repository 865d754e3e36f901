import { existsSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'

/** A built file, whole and compressed: nothing is read or compressed while somebody waits. */
export interface ClientFile {
  readonly type: string
  readonly plain: Buffer
  readonly br: Buffer | null
  readonly gzip: Buffer | null
}

/** The built web client. Paths are those of the browser. */
export interface Client {
  readonly script: string
  readonly styles: readonly string[]
  /** What the script needs at once: told to the browser before the script asks. */
  readonly preloads: readonly string[]
  /** By name, `main-BY0oFIub.js`: the names change with the content. Only what the manifest lists. */
  readonly files: ReadonlyMap<string, ClientFile>
}

interface Chunk {
  readonly file: string
  readonly isEntry?: boolean
  readonly imports?: readonly string[]
  readonly css?: readonly string[]
  readonly assets?: readonly string[]
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

export const assetsPath = '/web/assets/'

/** Reads a built client (`@erp4/web/build`) into memory. Throws where the folder holds none. */
export function readClient(folder: string): Client {
  const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>
  const chunks = Object.values(manifest)
  const entry = chunks.find(({ isEntry }) => isEntry)
  if (!entry) throw new Error(`The client in ${folder} has no entry: build it again.`)
  const needed = withImports(manifest, entry)
  const listed = new Set(chunks.flatMap(({ file, css = [], assets = [] }) => [file, ...css, ...assets]))
  return {
    script: pathOf(entry.file),
    styles: [...new Set(needed.flatMap(({ css = [] }) => css))].map(pathOf),
    preloads: needed.filter((chunk) => chunk !== entry).map(({ file }) => pathOf(file)),
    files: new Map([...listed].map((file) => [basename(file), readFile(join(folder, file))])),
  }
}

function withImports(manifest: Readonly<Record<string, Chunk>>, entry: Chunk): Chunk[] {
  const found = new Set<Chunk>()
  const visit = (chunk: Chunk): void => {
    if (found.has(chunk)) return
    found.add(chunk)
    for (const name of chunk.imports ?? []) visit(manifest[name]!)
  }
  visit(entry)
  return [...found]
}

const pathOf = (file: string): string => `${assetsPath}${basename(file)}`

function readFile(path: string): ClientFile {
  const beside = (ending: string): Buffer | null => (existsSync(path + ending) ? readFileSync(path + ending) : null)
  return {
    type: types[extname(path)] ?? 'application/octet-stream',
    plain: readFileSync(path),
    br: beside('.br'),
    gzip: beside('.gz'),
  }
}
