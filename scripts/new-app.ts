/** `./erp4 new-app NAME`: an app of one model that type-checks, passes its tests, and waits to be changed. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { appFiles } from './new-app-files.ts'
import { repository, runTool } from './run.ts'

/** Why `name` cannot be an app of the repository at `root`; undefined when it can. */
export function whyNot(root: string, name: string): string | undefined {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name) || name.length > 30)
    return `'${name}' cannot be an app's name: use up to 30 small letters, digits and single underscores, beginning with a letter, such as 'loan' or 'sale_stock'.`
  // It becomes a variable, and so does 'access' or 'views' beside it.
  if (reserved.has(name)) return `'${name}' means something in TypeScript or in every app: choose another name.`
  if (existsSync(join(root, 'apps', name))) return `There is an app ${name} already: look into apps/${name}.`
  if (existsSync(join(root, 'packages', name))) return `There is a package ${name} already, and @erp4/${name} can be one of them only.`
  return undefined
}

const reserved = new Set(
  'app access views models index test all grant group guard model base break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof let new null return static super switch this throw true try typeof undefined var void while with yield async await'.split(
    ' ',
  ),
)

/** Writes the app, and makes it known to the workspace; answers the paths of its files. */
export async function newApp(root: string, name: string): Promise<string[]> {
  const files = appFiles(name)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, 'apps', name, path)), { recursive: true })
    writeFileSync(join(root, 'apps', name, path), content)
  }
  register(root, name)
  const paths = Object.keys(files).map((path) => `apps/${name}/${path}`)
  // How a line is broken depends on how long the name is.
  await runTool('oxfmt', paths, root)
  return paths
}

interface Lockfile {
  packages: Record<string, object>
}

/** What `npm install` would do for a package of our own, without asking a registry: the link, and two entries of the lockfile. */
function register(root: string, name: string): void {
  const link = join(root, 'node_modules/@erp4', name)
  mkdirSync(dirname(link), { recursive: true })
  if (!existsSync(link)) symlinkSync(`../../apps/${name}`, link)

  const path = join(root, 'package-lock.json')
  const stamp = join(root, 'node_modules/.erp4-stamp')
  const before = readFileSync(path, 'utf8')
  const lock = JSON.parse(before) as Lockfile
  const {
    name: packageName,
    version,
    dependencies,
  } = JSON.parse(readFileSync(join(root, 'apps', name, 'package.json'), 'utf8')) as Record<string, unknown>
  lock.packages[`apps/${name}`] = { name: packageName, version, dependencies }
  lock.packages[`node_modules/@erp4/${name}`] = { resolved: `apps/${name}`, link: true }
  // npm keeps the entries sorted, as text in English.
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
  // What is installed still agrees with the lockfile: the next start need not install again.
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === before) cpSync(path, stamp)
}

async function main(): Promise<number> {
  const [name, ...more] = parseArgs({ allowPositionals: true }).positionals
  if (name === undefined || more.length > 0) {
    console.error('Usage: ./erp4 new-app NAME')
    return 2
  }
  const problem = whyNot(repository, name)
  if (problem !== undefined) {
    console.error(problem)
    return 2
  }
  const files = await newApp(repository, name)
  console.log(
    [
      `Made apps/${name}:`,
      ...files.map((path) => `  ${path}`),
      '',
      'Next:',
      `  ./erp4 test ${name}                         it passes; keep it so`,
      `  apps/${name}/models/${name}_item.ts          what a thing is, what must hold, what one can do with it`,
      `  apps/${name}/access.ts                      who may do what; without a rule nobody may`,
      `  ./erp4 instance install demo ${name}        put it into the demo instance, and call it through /json/2/${name}.item/…`,
      '  docs/models.md                            the guide',
    ].join('\n'),
  )
  return 0
}

if (import.meta.main) process.exitCode = await main()
