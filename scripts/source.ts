/** Reading the repository's own source, for the checkers. */
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

const passedBy = new Set(['node_modules', '.git', '.cache', 'var', 'fixtures', 'generated'])

/** The client, which may be being built at this moment. */
const isBuilt = (name: string): boolean => /^dist(\.|$)/.test(name)

/** Paths of the files under `root`, relative to it, whose names end in one of `endings`; sorted. */
export function filesOf(root: string, ...endings: string[]): string[] {
  const found: string[] = []
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (passedBy.has(entry.name) || isBuilt(entry.name)) continue
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) found.push(relative(root, path))
    }
  }
  walk(root)
  return found.sort()
}

/** The packages and apps of the repository, and what their manifests say. */
export interface Workspace {
  /** `packages/orm`, `apps/sale`. */
  readonly home: string
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string>>
}

interface Manifest {
  name?: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  exports?: Record<string, string>
}

export const readManifest = (root: string, home = ''): Manifest =>
  JSON.parse(readFileSync(join(root, home, 'package.json'), 'utf8')) as Manifest

export function workspacesOf(root: string): Workspace[] {
  return filesOf(root, 'package.json')
    .filter((path) => /^(packages\/[^/]+|apps\/[^/]+|agent)\/package\.json$/.test(path))
    .map((path) => {
      const home = path.slice(0, -'/package.json'.length)
      const { name = home, dependencies = {}, exports = {} } = readManifest(root, home)
      return { home, name, dependencies, exports }
    })
}

/** A string or a template in a source text. */
export interface Literal {
  /** Where it begins. */
  readonly at: number
  /** What stands between its quotes. */
  readonly text: string
  /** The function that a template is given to: 'sql' for sql`…`. */
  readonly tag: string
  /** It is a template with `${…}` in it. */
  readonly woven: boolean
}

export interface Source {
  readonly path: string
  readonly text: string
  /** The text with comments blanked, so that places stay the same. */
  readonly code: string
  /** The code with the contents of strings, templates and regular expressions blanked as well. */
  readonly bare: string
  readonly literals: readonly Literal[]
}

export const readSource = (root: string, path: string): Source => scan(path, readFileSync(join(root, path), 'utf8'))

/** Tells code, comments and literals apart. It knows as much of the grammar as that takes, and no more. */
export function scan(path: string, text: string): Source {
  const code = text.split('')
  const bare = [...code]
  const literals: Literal[] = []
  const blank = (page: string[], from: number, to: number) => {
    for (let i = from; i < to; i++) if (page[i] !== '\n') page[i] = ' '
  }
  const closing = (from: number, quote: string): number => {
    let i = from
    while (i < text.length && text[i] !== quote) i += text[i] === '\\' ? 2 : 1
    return i
  }

  /** Reads code from `from`; ends at the brace that closes a template's `${`, or at the end. */
  const readCode = (from: number): number => {
    let depth = 0
    let previous = ''
    for (let i = from; i < text.length; i++) {
      const char = text[i]!
      if (text.startsWith('//', i) || text.startsWith('/*', i)) {
        const end = text[i + 1] === '/' ? indexOr(text, '\n', i) : indexOr(text, '*/', i) + 2
        blank(code, i, end)
        blank(bare, i, end)
        i = end - 1
        continue
      }
      if (char === "'" || char === '"') {
        const end = closing(i + 1, char)
        literals.push({ at: i, text: text.slice(i + 1, end), tag: '', woven: false })
        blank(bare, i + 1, end)
        i = end
      } else if (char === '`') {
        i = readTemplate(i)
      } else if (char === '/' && startsExpression(text, i, previous)) {
        const end = endOfRegex(text, i)
        blank(bare, i + 1, end)
        i = end
      } else if (char === '{') depth++
      else if (char === '}' && depth-- === 0) return i
      if (char.trim() !== '') previous = char
    }
    return text.length
  }

  const readTemplate = (at: number): number => {
    let woven = false
    let i = at + 1
    let quiet = i
    while (i < text.length && text[i] !== '`') {
      if (text.startsWith('${', i)) {
        woven = true
        blank(bare, quiet, i)
        i = readCode(i + 2)
        quiet = i + 1
      }
      i += text[i] === '\\' ? 2 : 1
    }
    blank(bare, quiet, Math.min(i, text.length))
    literals.push({ at, text: text.slice(at + 1, i), tag: /[\w$]*$/.exec(text.slice(Math.max(0, at - 40), at))![0], woven })
    return i
  }

  readCode(0)
  return { path, text, code: code.join(''), bare: bare.join(''), literals: literals.sort((a, b) => a.at - b.at) }
}

function indexOr(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from)
  return at < 0 ? text.length : at
}

/** A slash divides after a value; elsewhere it opens a regular expression. */
function startsExpression(text: string, at: number, previous: string): boolean {
  return (
    previous === '' ||
    '([{,;:=!&|?+-*%<>~^'.includes(previous) ||
    /\b(return|typeof|case|of|in|await|yield)\s*$/.test(text.slice(Math.max(0, at - 12), at))
  )
}

function endOfRegex(text: string, at: number): number {
  let inClass = false
  for (let i = at + 1; i < text.length; i++) {
    const char = text[i]
    if (char === '\\') i++
    else if (char === '[') inClass = true
    else if (char === ']') inClass = false
    else if (char === '\n' || (char === '/' && !inClass)) return i
  }
  return text.length
}

export const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length

/** Something that the source imports. */
export interface Import {
  readonly from: string
  readonly at: number
  /** The whole statement imports types: nothing of it is there at run time. */
  readonly typeOnly: boolean
}

export function importsOf({ code, bare }: Source): Import[] {
  const found: Import[] = []
  const statement =
    /\b(?:import\b|export\b(?=\s*(?:type\s*)?[*{]))(?<clause>[^'";]*?\bfrom\s*|\s*)['"](?<from>[^'"]+)['"]|\bimport\s*\(\s*['"](?<lazy>[^'"]+)['"]/g
  for (const match of code.matchAll(statement)) {
    // A statement inside a string or a template is none: its keyword is blank in the bare text.
    if (!/^(import|export)/.test(bare.slice(match.index))) continue
    const { clause = '', from, lazy } = match.groups as { clause?: string; from?: string; lazy?: string }
    const target = from ?? lazy
    if (target !== undefined) found.push({ from: target, at: match.index, typeOnly: /^\s*type\b/.test(clause) })
  }
  return found
}
