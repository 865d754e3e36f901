/** Who may import whom: the table of docs/architecture.md, held against every import statement. */
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type Import, type Source, type Workspace, filesOf, importsOf, lineAt, readManifest, readSource, workspacesOf } from './source.ts'

/** Which of our packages a part may import; with ': types', by `import type` alone. An app may also import the apps it depends on. */
const allowed: Record<string, readonly string[]> = {
  'packages/orm': [],
  'packages/server': ['@erp4/orm'],
  'packages/web': ['@erp4/orm: types'],
  'packages/ops': [],
  'packages/testing': ['@erp4/orm', '@erp4/ops', '@erp4/server', '@erp4/base'],
  agent: ['@erp4/ops'],
  apps: ['@erp4/orm'],
  'apps/cloud': ['@erp4/orm', '@erp4/ops: types'],
}

/** Folders that may import everything that may be imported at all. */
const free = ['bin', 'scripts', 'tests']

/** Every breach under `root`, one sentence each. */
export function boundaries(root: string): string[] {
  const workspaces = workspacesOf(root)
  const places = [...workspaces.map(({ home }) => home), ...free]
  const imports = places.flatMap((place) =>
    existsSync(join(root, place))
      ? filesOf(join(root, place), '.ts', '.tsx').flatMap((file) => {
          const source = readSource(root, join(place, file))
          return importsOf(source).flatMap((one) =>
            judge(root, workspaces, place, source, one).map((problem) => `${at(source, one)} ${problem}`),
          )
        })
      : [],
  )
  return [...imports, ...workspaces.flatMap((workspace) => manifestProblems(root, workspaces, workspace))]
}

const at = (source: Source, { at: place }: Import) => `${source.path}:${lineAt(source.text, place)}`

const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.split('/').includes('tests')

function judge(root: string, workspaces: readonly Workspace[], place: string, source: Source, one: Import): string[] {
  if (one.from.startsWith('node:')) return []
  if (one.from.startsWith('.')) return judgeRelative(place, source, one)
  const workspace = workspaces.find(({ name }) => one.from === name || one.from.startsWith(`${name}/`))
  if (workspace) return judgeOurs(place, workspaces, source, one, workspace)
  if (one.from.startsWith('@erp4/')) return [`imports ${one.from}, which does not exist`]
  return judgeNpm(root, workspaces, place, source, one)
}

function judgeRelative(place: string, source: Source, { from }: Import): string[] {
  const target = join(dirname(source.path), from)
  if (relative(place, target).startsWith('..')) return [`reaches out of ${place} to ${from}; import the package by its name`]
  return /\.(ts|tsx|js|json|css)$/.test(from) ? [] : [`imports ${from} without its extension`]
}

function judgeOurs(
  place: string,
  workspaces: readonly Workspace[],
  source: Source,
  { from, typeOnly }: Import,
  target: Workspace,
): string[] {
  const problems: string[] = []
  const entry = `.${from.slice(target.name.length)}`
  if (!(entry in target.exports)) problems.push(`reaches past the index of ${target.name}: ${from} is not among its exports`)
  if (target.home === place || free.includes(place)) return problems
  if (isTest(source.path) && (target.home === 'packages/testing' || target.home.startsWith('apps/'))) return problems
  const list = allowed[place] ?? (place.startsWith('apps/') ? allowed['apps']! : [])
  const own = workspaces.find(({ home }) => home === place)!
  const isDependency = place.startsWith('apps/') && target.home.startsWith('apps/') && target.name in own.dependencies
  if (isDependency || list.includes(target.name)) {
    if (!(target.name in own.dependencies)) problems.push(`imports ${from}, which ${place}/package.json does not list`)
  } else if (!list.includes(`${target.name}: types`)) {
    problems.push(
      `imports ${from}: ${place} may import ${list.join(', ') || 'none of our packages'}${place.startsWith('apps/') ? ' and the apps its package.json lists' : ''}`,
    )
  } else if (!typeOnly) {
    problems.push(`imports ${from}, of which ${place} may import types alone: write 'import type'`)
  }
  return problems
}

function judgeNpm(root: string, workspaces: readonly Workspace[], place: string, source: Source, { from }: Import): string[] {
  const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/')
  const { dependencies = {}, devDependencies = {} } = readManifest(root)
  const own = workspaces.find(({ home }) => home === place)
  const listed = { ...(own?.dependencies ?? dependencies), ...(isDeveloping(place, source) ? { ...dependencies, ...devDependencies } : {}) }
  return name in listed || `@types/${name}` in listed ? [] : [`imports ${name}, which ${own ? `${place}/` : ''}package.json does not list`]
}

const isDeveloping = (place: string, source: Source): boolean => isTest(source.path) || place === 'scripts' || place === 'packages/testing'

/** One version of each package in the whole repository, and an app's two lists of the apps it builds on agree. */
function manifestProblems(root: string, workspaces: readonly Workspace[], { home, name, dependencies }: Workspace): string[] {
  const versions = readManifest(root)
  const known = { ...versions.dependencies, ...versions.devDependencies }
  const problems = Object.entries(dependencies).flatMap(([dependency, version]) =>
    dependency.startsWith('@erp4/') || known[dependency] === version
      ? []
      : [`${home}/package.json wants ${dependency} ${version}; the repository's package.json says ${known[dependency] ?? 'nothing'}`],
  )
  if (!home.startsWith('apps/')) return problems
  const index = `${home}/index.ts`
  if (!existsSync(join(root, index))) return [...problems, `${home} has no index.ts`]
  const depends = /\bdepends\s*:\s*\[([^\]]*)\]/.exec(readSource(root, index).bare)?.[1] ?? ''
  const declared = depends.split(',').flatMap((one) => (one.trim() === '' ? [] : [`@erp4/${one.trim()}`]))
  const listed = Object.keys(dependencies).filter((one) => workspaces.some((other) => other.name === one && other.home.startsWith('apps/')))
  return [
    ...problems,
    ...declared
      .filter((one) => !listed.includes(one))
      .map((one) => `${index}: ${name} depends on ${one}, which ${home}/package.json does not list`),
    ...listed
      .filter((one) => !declared.includes(one))
      .map((one) => `${home}/package.json lists ${one}, on which the app in ${index} does not depend`),
  ]
}
