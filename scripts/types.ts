/** The type checker, on the whole tree and on each app with nothing but what it imports. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { mapSome, runTool } from './run.ts'
import { workspacesOf } from './source.ts'

/** Type errors of the whole tree, one line each; the web client's apart, since a browser has other names than Node. */
export async function typesOfAll(root: string): Promise<string[]> {
  const web = 'packages/web/src'
  return [...(await typeErrors(root, '.')), ...(existsSync(join(root, web)) ? await typeErrors(root, web) : [])]
}

/**
 * Type errors of each app alone. In the whole tree every app's fields are merged into the models; alone, `sale` cannot
 * name a field that only `sale_stock` adds, and would not find when `sale_stock` is not installed. Its tests are left out: they run in a world
 * of the app alone, and with them each app would have the whole of the server checked again.
 */
export async function typesOfEachApp(root: string): Promise<string[]> {
  const apps = workspacesOf(root).filter(({ home }) => home.startsWith('apps/'))
  const errors = await mapSome(apps, 2, async ({ home }) =>
    (await typeErrors(root, projectOf(root, home))).map((error) => `${home} alone: ${error}`),
  )
  return errors.flat()
}

/** Writes the TypeScript project of one app into the cache, and answers its folder. */
function projectOf(root: string, home: string): string {
  const folder = join(root, '.cache/alone', home)
  const up = '../../../..'
  mkdirSync(folder, { recursive: true })
  const project = {
    extends: `${up}/tsconfig.json`,
    compilerOptions: { tsBuildInfoFile: './tsbuildinfo' },
    include: [`${up}/${home}`],
    exclude: [`${up}/**/node_modules`, `${up}/**/fixtures`, `${up}/**/*.test.ts`],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project, null, 2))
  return folder
}

/** Each checker works out for itself what the types that several files use come to: more of them than processors only cost time and memory. */
const checkers = String(Math.min(4, availableParallelism()))

async function typeErrors(root: string, project: string): Promise<string[]> {
  const { ok, output } = await runTool('tsc', ['-p', project, '--pretty', 'false', '--checkers', checkers], root)
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  if (ok) return []
  // A message's indented lines explain it: they stay with it.
  return lines.reduce<string[]>(
    (errors, line) =>
      /^\s/.test(line) && errors.length > 0 ? [...errors.slice(0, -1), `${errors.at(-1)}\n    ${line.trim()}`] : [...errors, line],
    [],
  )
}
