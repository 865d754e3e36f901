/** Rules of this repository that no linter knows. Each is a sentence for whoever breaks it. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Source, filesOf, lineAt, readSource } from './source.ts'

interface Rule {
  readonly say: string
  readonly appliesTo: (path: string) => boolean
  /** Where the rule is broken. */
  readonly find: (source: Source) => number[]
}

const isTest = (path: string): boolean => /\.test\.tsx?$|(?:^|\/)tests\/|^(?:packages\/testing|scripts\/bench)\//.test(path)
const mayHoldSql = (path: string): boolean => /^packages\/ops\/|\/sql\//.test(path) || isTest(path)
const everywhere = (): boolean => true

const statement =
  /^\s*(?:select\s[\s\S]*?\b(?:from|where)\b|select\s+[\w.]+\(|(?:insert\s+into|delete\s+from|truncate\s+table)\s|update\s+\S+\s+set\s|with\s+(?:recursive\s+)?\w+\s+as\s|(?:create|alter|drop)\s+(?:unique\s+)?(?:table|index|role|user|database|schema|function|trigger|view|extension|sequence|type|policy)\s|(?:grant|revoke)\s[\s\S]*?\s(?:on|to|from)\s)/i

const matches = (text: string, pattern: RegExp): number[] => [...text.matchAll(pattern)].map(({ index }) => index)

export const rules: readonly Rule[] = [
  {
    say: "SQL is written only in folders named 'sql' and in packages/ops: move it there, and give this file a function to call",
    appliesTo: (path) => !mayHoldSql(path),
    // The ORM as a whole is what makes SQL: tagged and fixed statements may stand where they are run.
    find: ({ path, literals }) => {
      const inOrm = path.startsWith('packages/orm/')
      return literals.filter(({ text, tag, woven }) => (tag === 'sql' ? !inOrm : isSql(text) && (woven || !inOrm))).map(({ at }) => at)
    },
  },
  {
    say: 'a statement is put together from strings: use the sql tag, which makes a parameter of every value',
    appliesTo: (path) => !path.startsWith('packages/ops/'),
    find: ({ bare, literals }) => [
      ...literals
        .filter(({ at, woven, tag }) => woven && tag === '' && /\bquery\(\s*$/.test(bare.slice(Math.max(0, at - 40), at)))
        .map(({ at }) => at),
      ...matches(bare, /\bquery\(\s*(['"`])\s*\1\s*\+/g),
    ],
  },
  {
    say: 'Sql.fixed takes any text for SQL: only packages/orm/sql may call it',
    appliesTo: (path) => !path.startsWith('packages/orm/sql/'),
    find: ({ bare }) => matches(bare, /\bSql\s*\.\s*fixed\b/g),
  },
  {
    say: 'HTML is put into a page unescaped: set text, or use the html tag',
    appliesTo: everywhere,
    find: ({ bare, literals }) => [
      ...matches(
        bare,
        /\b(?:inner|outer)HTML\s*\+?=(?!=)|\binsertAdjacentHTML\b|\bdangerouslySetInnerHTML\b|\bdocument\s*\.\s*write(?:ln)?\s*\(/g,
      ),
      ...literals.filter(({ at, text }) => /^(?:inner|outer)HTML$/.test(text) && bare[at - 1] === '[').map(({ at }) => at),
    ],
  },
  {
    say: 'text is run as code',
    appliesTo: everywhere,
    find: ({ bare }) => matches(bare, /(?<![\w$.])eval\s*\(|\bnew\s+Function\b|\bglobalThis\s*\.\s*eval\b/g),
  },
  {
    say: 'asSystem needs its reason as a plain string, so that all reasons can be listed',
    appliesTo: everywhere,
    find: ({ code, bare }) =>
      matches(bare, /\.\s*asSystem\s*(?:<[^>]*>)?\s*\(/g).filter(
        (at) => !/^[^(]*\(\s*(?:'[^'\n]{8,}'|"[^"\n]{8,}"|`[^`$]{8,}`)\s*,/.test(code.slice(at)),
      ),
  },
  {
    say: "a function that runs with its owner's rights belongs to packages/ops, in the host registry alone",
    appliesTo: (path) => !path.startsWith('packages/ops/'),
    find: ({ literals }) => literals.filter(({ text }) => /\bsecurity\s+definer\b/i.test(text)).map(({ at }) => at),
  },
  {
    say: 'a test is skipped or narrowed: mend it or remove it (for slow ones there is long() of @erp4/testing)',
    appliesTo: isTest,
    find: ({ bare }) => matches(bare, /\b(?:test|it|describe|suite)\s*\.\s*(?:only|skip|todo)\b|\{\s*(?:only|skip|todo)\s*:/g),
  },
]

// 'Select a customer from the list' is a sentence: nobody writes SQL with one capital.
const isSql = (text: string): boolean => /^\s*(?:[a-z]+|[A-Z]+)\b/.test(text) && statement.test(text)

/** Where the source under `root` breaks a rule. */
export function houseRules(root: string): string[] {
  return filesOf(root, '.ts', '.tsx').flatMap((path) => {
    const wanted = rules.filter(({ appliesTo }) => appliesTo(path))
    const source = readSource(root, path)
    return wanted.flatMap(({ find, say }) => find(source).map((at) => `${path}:${lineAt(source.text, at)} ${say}`))
  })
}

/** Lockfiles hold an integrity hash for every package, and name no registry: each machine has its own. */
export function lockfiles(root: string): string[] {
  return ['package-lock.json', 'tools/node/package-lock.json'].flatMap((path) => {
    if (!existsSync(join(root, path))) return [`${path} is missing`]
    const { packages } = JSON.parse(readFileSync(join(root, path), 'utf8')) as {
      packages: Record<string, { link?: boolean; resolved?: string; integrity?: string }>
    }
    return Object.entries(packages).flatMap(([place, { link = false, resolved = '', integrity }]) => {
      if (/^[a-z+]+:/.test(resolved))
        return [
          `${path}: ${place} names the address it was downloaded from; install with the project's .npmrc (omit-lockfile-registry-resolved)`,
        ]
      const isDownloaded = place.includes('node_modules/') && !link
      return isDownloaded && integrity === undefined ? [`${path}: ${place} has no integrity hash`] : []
    })
  })
}

/** Text files that name a folder of the machine they were written on. */
export function machinePaths(root: string, home = homedir()): string[] {
  const shared = new Set(['/', '/tmp', '/var/tmp', '/home', '/opt', '/srv', '/usr', '/usr/src', '/var', '/root', '/mnt', '/Users'])
  const places = [root, dirname(root), home].filter((place) => !shared.has(place))
  const escaped = places.map((place) => place.replaceAll(/[^\w/]/g, String.raw`\$&`))
  const pattern = new RegExp(String.raw`(?<![\w.~-])(?:${[...escaped, '/root', '/home/[a-z]\\w*', '/Users/[A-Za-z]\\w*'].join('|')})/`)
  return filesOf(
    root,
    '.ts',
    '.tsx',
    '.js',
    '.json',
    '.md',
    '.sh',
    '.css',
    '.html',
    '.yml',
    'erp4',
    'run',
    'system-packages',
    '.npmrc',
  ).flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8')
    const found = pattern.exec(text)
    return found ? [`${path}:${lineAt(text, found.index)} names a folder of one machine: ${found[0]}`] : []
  })
}
